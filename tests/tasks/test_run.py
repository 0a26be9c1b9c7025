"""Settings and saved results come back as they were; what cannot be used is refused by name."""

import json
from dataclasses import asdict, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import torch

from elman.data.findings import Finding
from elman.errors import OptionError, RunError
from elman.tasks import Observer
from elman.tasks.forecast.run import run_forecast
from elman.tasks.forecast.saved import load_report, save_report
from elman.tasks.forecast.settings import ForecastSettings
from elman.tasks.results import CalibrationPoint, ForecastReport, ScoreRow, ScoreTable, SeriesHistory
from elman.tasks.settings import read_settings
from elman.training import EvaluationRecord
from elman.training.run import RunDirectory

LEAST: dict[str, Any] = {"data": "demand.csv", "time": "Time", "target": "Demand", "horizon": 4}
MOST = ForecastSettings(
    data='a "quoted" \\ path, Größe.csv',
    time="[bold]",
    target="=1+1",
    horizon=7,
    series="Ort",
    known=("Temp", "Feier tag"),
    past=("Wind",),
    context=9,
    quantiles=(0.1, 0.25, 0.5),
    validation="56d",
    test=0,
    frequency="1d",
    time_zone="Europe/Berlin",
    learning_rate=0.1 + 0.2,
    seed=5,
)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    (tmp_path / "config.toml").write_text(ForecastSettings(**LEAST).to_toml())
    return RunDirectory(tmp_path)


@pytest.mark.parametrize("settings", [ForecastSettings(**LEAST), MOST], ids=["least", "most"])
def test_settings_come_back_from_their_file(tmp_path: Path, settings: ForecastSettings):
    path = tmp_path / "config.toml"
    path.write_text(settings.to_toml(), encoding="utf-8")
    assert ForecastSettings.from_mapping(read_settings(path), str(path)) == settings


def test_settings_reach_the_forecaster():
    forecaster = replace(MOST, time="Time", target="Demand").forecaster()
    options = forecaster.options
    assert forecaster.horizon == 7
    assert forecaster.columns.covariates == ("Temp", "Feier tag", "Wind")
    given = {**asdict(options), **asdict(options.training)}
    settings = asdict(replace(MOST, time="Time", target="Demand"))
    shared = given.keys() & settings.keys()
    assert {name: given[name] for name in shared} == {name: settings[name] for name in shared}
    columns = {"data", "time", "target", "series", "known", "past", "horizon", "threads"}
    assert settings.keys() - shared == columns


@pytest.mark.parametrize("missing", LEAST)
def test_setting_that_is_needed_is_named(missing: str):
    values = {name: value for name, value in LEAST.items() if name != missing}
    with pytest.raises(OptionError, match=rf"^x\.toml does not give `{missing}`\.$"):
        ForecastSettings.from_mapping(values, "x.toml")


def test_whole_number_is_a_number_but_not_the_other_way():
    assert ForecastSettings.from_mapping({**LEAST, "dropout": 0}, "x").dropout == 0
    with pytest.raises(OptionError, match=r"`seed` in x must be a whole number, but it is 1\.0"):
        ForecastSettings.from_mapping({**LEAST, "seed": 1.0}, "x")


@pytest.mark.parametrize("one", fields(ForecastSettings), ids=lambda one: one.name)
def test_no_setting_takes_a_value_of_any_type(one: Any):
    with pytest.raises(OptionError, match=rf"^`{one.name}` in x must be "):
        ForecastSettings.from_mapping({**LEAST, one.name: {"a": 1}}, "x")


def stamps(kind: str) -> list[Any]:
    zone = ZoneInfo("Europe/Berlin") if kind == "zone" else None
    if kind == "date":
        return [date(2024, 3, day) for day in (29, 30, 31)]
    return [1, 2, 3] if kind == "int" else [datetime(2024, 3, 31, hour, tzinfo=zone) for hour in (0, 1, 3)]


def a_report(kind: str = "naive", name: str | None = None) -> ForecastReport:
    times = stamps(kind)
    return ForecastReport(
        title="Größe, 2 steps ahead",
        target="Größe",
        horizon=2,
        history=[SeriesHistory(name, times, [1.0, None, 3.5], 1, 2)],
        forecasts=pl.DataFrame({"series": [name], "time": times[:1], "q0.5": [0.1 + 0.2], "target": [None]}),
        quantiles=(0.1, 0.5),
        scores=[
            ScoreTable("test", [ScoreRow("elman", {"MASE": 0.5, "coverage 80%": None}, False)], 3, ["Wins."])
        ],
        error_by_step={"elman": [1.0, 1 / 3]},
        calibration=[CalibrationPoint(0.1, 0.2, 1 / 7)],
        curve=[EvaluationRecord(3, 0.1, 1.0, 2.0, 0.01, 0.5, True)],
        findings=[Finding("gap", "One gap.", "warning", examples=("a", "b"))],
        configuration={"quantiles": (0.1, 0.5), "context": None},
        seconds=1.5,
        num_parameters=7,
    )


@pytest.mark.parametrize("kind", ["naive", "zone", "date", "int"])
@pytest.mark.parametrize("name", [None, "north"])
def test_results_come_back(run: RunDirectory, kind: str, name: str | None):
    report = a_report(kind, name)
    save_report(report, run)
    read = load_report(run)
    for one in fields(report):
        ours, theirs = getattr(report, one.name), getattr(read, one.name)
        if one.name == "forecasts":
            assert theirs.equals(ours)
            assert theirs.schema == ours.schema
        else:
            # JSON has one kind of list.
            assert json.dumps(theirs, default=listed) == json.dumps(ours, default=listed), one.name


def listed(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)


def test_several_series_keep_their_order(run: RunDirectory):
    names = [str(number) for number in range(40, 0, -1)]
    save_report(replace(a_report(), history=[a_report(name=name).history[0] for name in names]), run)
    assert [history.name for history in load_report(run).history] == names


@pytest.mark.parametrize("name", ["evaluation.json", "history.parquet", "forecasts.parquet"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\x00"])
def test_damaged_results_are_refused(run: RunDirectory, name: str, content: bytes):
    save_report(a_report(), run)
    (run / name).write_bytes(content)
    with pytest.raises(RunError, match="are damaged"):
        load_report(run)


def test_library_call_leaves_threads_and_random_numbers_alone(tmp_path: Path):
    frame = pl.DataFrame({"t": range(60), "y": [float(step % 6) for step in range(60)]})
    frame.write_csv(tmp_path / "table.csv")
    settings = ForecastSettings(
        data=str(tmp_path / "table.csv"),
        time="t",
        target="y",
        horizon=2,
        hidden_size=2,
        num_steps=2,
        threads=2,
    )
    threads, seen = torch.get_num_threads(), []
    observer = Observer(on_record=lambda record: seen.append(torch.get_num_threads()))
    report = run_forecast(settings, RunDirectory(tmp_path / "run"), "new", observer)
    assert (seen, torch.get_num_threads()) == ([2], threads)
    assert load_report(RunDirectory(tmp_path / "run")).scores == report.scores
