"""Tables as other programs write them: time stamps in every form, encodings of Windows, classes called NA."""

import io
import json
import math
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from bad_inputs import CLASSIFY_SMALL, TAG_SMALL
from command_line import Outcome, fit_options

from elman.tasks import Forecaster
from elman.tasks.forecast.run import run_forecast
from elman.tasks.forecast.settings import ForecastSettings
from elman.tasks.observer import Observer
from elman.training.run import RunDirectory

Elman = Callable[..., Outcome]

START = datetime(2024, 4, 3)
FORM = "%d/%m/%Y %H:%M"
COLUMNS = {"time": "Zeit", "target": "Größe", "known": "Ort"}


def series_text(form: str | None, num_rows: int = 200, empty: int = 0) -> str:
    """Hourly rows, the time stamps as `strftime` writes them, or in milliseconds since 1970."""
    lines = ["Zeit,Größe,Ort"]
    for hour in range(num_rows):
        time = START + timedelta(hours=hour)
        shown = (
            time.strftime(form) if form else f"{(time - datetime(1970, 1, 1)) // timedelta(milliseconds=1)}"
        )
        value = (
            ""
            if hour >= num_rows - empty
            else f"{50 + 10 * math.sin(hour / 24 * math.tau) + hour * 37 % 11:.3f}"
        )
        lines.append(f"{shown},{value},{('Köln', 'Genève')[hour // 24 % 2]}")
    return "\n".join(lines) + "\n"


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def fitted(elman: Elman, data: Path, **settings: object) -> Outcome:
    """Fit a forecaster into `run` beside the data."""
    return elman(*fit_options(data, data.parent / "run", **{**COLUMNS, **settings}), "--quiet")


def forecast_of(elman: Elman, folder: Path, text: str, encoding: str = "utf-8") -> pl.DataFrame:
    """What the run in a folder forecasts after a table."""
    out = folder / "forecast.parquet"
    done = elman("predict", folder / "run", written(folder / "new.csv", text, encoding), "--out", out)
    assert done.code == 0, done.err
    return pl.read_parquet(out)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The forecasts of a run of the same table with stamps that leave no doubt."""
    folder = tmp_path_factory.mktemp("plain")
    data = written(folder / "table.csv", series_text("%Y-%m-%d %H:%M"))
    settings = ForecastSettings(
        data=str(data),
        time="Zeit",
        target="Größe",
        known=("Ort",),
        horizon=4,
        hidden_size=4,
        num_steps=12,
        evaluate_every=3,
        context=6,
        batch_size=4,
    )
    run_forecast(settings, RunDirectory(folder / "run"), "new", Observer())
    new = written(folder / "new.csv", series_text("%Y-%m-%d %H:%M", 100, empty=4))
    return Forecaster.load(folder / "run/model.safetensors").predict(new)["q0.5"].to_list()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (FORM, FORM),
        (FORM, "day-first"),
        ("%m/%d/%Y %H:%M", "month-first"),
        ("%y%m%d%H%M", "%y%m%d%H%M"),
        (None, "epoch-ms"),
    ],
)
def test_form_of_time_stamps_is_said_once(
    elman: Elman, tmp_path: Path, plain: list[float], form: str | None, said: str
):
    done = fitted(elman, written(tmp_path / "table.csv", series_text(form)), **{"time-format": said})
    assert done.code == 0, done.err
    assert f'time_format = "{said}"' in (tmp_path / "run/config.toml").read_text()
    forecast = forecast_of(elman, tmp_path, series_text(form, 100, empty=4))
    assert forecast["time"][0].replace(tzinfo=None) == START + timedelta(hours=96)
    assert forecast["q0.5"].to_list() == plain
    assert elman("evaluate", tmp_path / "run").code == 0


def test_stamps_that_can_be_two_dates_are_not_guessed(elman: Elman, tmp_path: Path):
    done = fitted(elman, written(tmp_path / "table.csv", series_text(FORM)))
    assert done.code == 2
    assert "'03/04/2024' can be day/month or month/day" in done.err
    assert "time_format='day-first' or 'month-first' (--time-format)" in done.err
    assert not (tmp_path / "run").exists()


def test_order_that_the_table_of_the_fit_showed_is_remembered(
    elman: Elman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Over 13 April the first number can only be a day; the rows to predict from are all before.
    done = fitted(elman, written(tmp_path / "table.csv", series_text(FORM, 300)))
    assert done.code == 0, done.err
    text = series_text(FORM, 100, empty=4)
    assert forecast_of(elman, tmp_path, text)["time"][0] == START + timedelta(hours=96)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    streamed = elman("stream", tmp_path / "run")
    assert "2024-04-07T00:00:00" in streamed.out.splitlines()[-4]


def test_first_row_that_does_not_fit_is_named(elman: Elman, tmp_path: Path):
    lines = series_text(FORM).splitlines()
    lines[38] = lines[38].replace("04/04/2024 13:00", "2024-04-04 13:00")
    data = written(tmp_path / "table.csv", "\n".join(lines))
    done = fitted(elman, data, **{"time-format": FORM})
    assert done.code == 2
    assert "'Zeit' holds '2024-04-04 13:00' in row 38, which is no time stamp as '%d/%m/%Y %H:%M'" in done.err


def test_stream_reads_the_format_of_the_run(
    elman: Elman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: list[float]
):
    fitted(elman, written(tmp_path / "table.csv", series_text("%y%m%d%H%M")), **{"time-format": "%y%m%d%H%M"})
    header, *rows = series_text("%y%m%d%H%M", 100, empty=4).splitlines()
    lines = [header, *rows[:95], *rows[96:], rows[95], "noon,1,Köln"]  # the future first
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    done = elman("stream", tmp_path / "run")
    assert "'Zeit' must be a time stamp as '%y%m%d%H%M' says, but it is 'noon'." in done.err
    last = pl.read_csv(io.StringIO(done.out))
    assert last["q0.5"].to_list()[-4:] == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("windows-1252", "windows-1252"), ("latin-1", "ISO-8859-1"), ("utf-16", None), ("utf-8-sig", None)],
)
def test_encodings_of_a_forecast(
    elman: Elman, tmp_path: Path, plain: list[float], encoding: str, said: str | None
):
    form = "%Y-%m-%d %H:%M"
    options = {} if said is None else {"encoding": said}
    done = fitted(elman, written(tmp_path / "table.csv", series_text(form), encoding), **options)
    assert done.code == 0, done.err
    new = series_text(form, 100, empty=4)
    assert forecast_of(elman, tmp_path, new, encoding)["q0.5"].to_list() == plain
    # A table in UTF-8 is read as such by the same run.
    assert forecast_of(elman, tmp_path, new)["q0.5"].to_list() == plain


def test_byte_that_is_not_utf8_is_named_with_the_way_out(elman: Elman, tmp_path: Path):
    done = fitted(elman, written(tmp_path / "table.csv", series_text(FORM), "windows-1252"))
    assert done.code == 2
    assert "table.csv is not UTF-8: byte 0xf6 in line 1." in done.err
    assert "(--encoding windows-1252)" in done.err


def sequence_text(classes: tuple[str, str], num: int = 40) -> str:
    """Sequences of four steps; the class says the sign. Ids have leading zeros."""
    rows = []
    for at in range(num):
        name, sign = f"{at // 2:02d}{'ab'[at % 2]}", 2 * (at % 2) - 1
        rows += [f"{name},{t},{sign + 0.1 * math.sin(at + t):.3f},{classes[at % 2]}" for t in range(4)]
    return "\n".join(["who,t,x,Größe", *rows]) + "\n"


CLASSIFY = ("--id", "who", "--order", "t", "--label", "Größe", *CLASSIFY_SMALL)
TAG = ("--sequence", "who", "--order", "t", "--label", "Größe", "--features", "x", *TAG_SMALL)


@pytest.mark.parametrize(
    "classes", [("NA", "DE"), ("None", "NaN"), ("null", "mild"), ("01", "1"), ("True", "None")]
)
@pytest.mark.parametrize("task", [("classify", *CLASSIFY), ("tag", *TAG)])
def test_classes_are_what_is_written(
    elman: Elman, tmp_path: Path, task: tuple[str, ...], classes: tuple[str, str]
):
    data = written(tmp_path / "table.csv", sequence_text(classes))
    name, *options = task
    done = elman("fit", name, data, *options, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    out = tmp_path / "out.parquet"
    assert elman("predict", tmp_path / "run", data, "--out", out).code == 0
    predicted = pl.read_parquet(out)
    column = "predicted" if name == "classify" else "tag"
    assert set(predicted[column]) <= set(classes)
    assert predicted.height == (40 if name == "classify" else 160)
    results = json.loads((tmp_path / "run/evaluation.json").read_text())
    told = [one["message"] for one in results["findings"] if one["kind"] == "label"]
    words = sorted({*classes} & {"NA", "None", "NaN", "null"})
    assert [", ".join(words) in message for message in told] == [True] * bool(words)
    assert elman("evaluate", tmp_path / "run").code == 0


def test_word_among_numbers_is_no_class(elman: Elman, tmp_path: Path):
    text = sequence_text(("0", "1")) + "99,0,0.5,NaN\n"
    done = elman("fit", "classify", written(tmp_path / "t.csv", text), *CLASSIFY, "--out", tmp_path / "run")
    assert done.code == 2
    assert (
        "1 sequence has no label, '99' first; leave them out to learn. Beside nothing but numbers, a"
        in done.err
    )


@pytest.mark.parametrize("task", [("classify", *CLASSIFY), ("tag", *TAG)])
@pytest.mark.parametrize(("encoding", "said"), [("windows-1252", "cp1252"), ("utf-16", None)])
def test_encodings_of_sequences(
    elman: Elman, tmp_path: Path, task: tuple[str, ...], encoding: str, said: str | None
):
    name, *options = task
    data = written(tmp_path / "table.csv", sequence_text(("groß", "klein")), encoding)
    more = () if said is None else ("--encoding", said)
    done = elman("fit", name, data, *options, *more, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert elman("evaluate", tmp_path / "run").code == 0
    assert elman("predict", tmp_path / "run", data, "--out", tmp_path / "out.csv").code == 0
    written_out = (tmp_path / "out.csv").read_text()
    assert "groß" in written_out or "klein" in written_out


def test_column_file_of_windows(elman: Elman, tmp_path: Path):
    text = "Jürgen B-PER\ngeht O\n\nEva B-PER\nhört O\n\n" * 20
    data = written(tmp_path / "names.conll", text, "windows-1252")
    done = elman("fit", "tag", data, *TAG_SMALL, "--encoding", "windows-1252", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert elman("evaluate", tmp_path / "run").code == 0
    assert elman("predict", tmp_path / "run", data, "--out", tmp_path / "out.csv").code == 0
    assert "Jürgen" in (tmp_path / "out.csv").read_text()
