"""Every mistake ends with one message that names it and exit code 2, and costs nothing that was saved."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl
import pytest
import torch
from command_line import FIT, Outcome, snapshot, table

from elman.training.locks import locked

Elman = Callable[..., Outcome]


def fit(*more: str, data: str = "table.csv", without: str = "") -> list[str]:
    """The arguments of a fit, one option left out, others added: the last of two of the same counts."""
    options = {"time": "Time", "target": "Demand", "horizon": "4", "config": "small.toml"}
    given = [part for name, one in options.items() if name != without for part in (f"--{name}", one)]
    return [*FIT, *([data] if without != "data" else []), *given, *more]


CONFIG = 'data = "table.csv"\ntime = "Time"\ntarget = "Demand"\nhorizon = 4\n'

FILES = {
    "empty.csv": b"",
    "header.csv": b"Time,Demand\n",
    "binary.csv": bytes(range(256)) * 9,
    "binary.parquet": b"\x00\x01" * 500,
    "cut.parquet": b"PAR1" + b"\x00" * 100,
    "broken.toml": b"time = ",
    "latin1.toml": 'time = "Gr\xf6\xdfe"'.encode("latin-1"),
    "unknown.toml": b"hidden_sise = 4\n",
    "strange.toml": b"[training]\nseed = 1\n",
    "other task.toml": b'task = "classify"\n',
    "a file": b"",
    "foreign/thesis.tex": b"years of work",
    "project/config.toml": b"[server]\nport = 80\n",
}


def write_tables() -> None:
    whole = table()
    tables = {
        "text.csv": whole.with_columns(Demand=pl.lit("much")),
        "nothing.csv": whole.with_columns(Demand=pl.lit(None)),
        "twice.csv": pl.concat([whole, whole.tail(9).with_columns(pl.col("Demand") + 1)]),
        "short.csv": whole.head(9),
        "one row.csv": whole.head(1),
        "irregular.csv": whole.with_columns(
            pl.col("Time") + pl.duration(seconds=pl.int_range(300) * 7919 % 3001)
        ),
        "no time.csv": whole.with_columns(Time=pl.lit("noon")),
        "no demand.csv": whole.drop("Demand"),
        "no temp.csv": whole.drop("Temp"),
        "stacked.csv": pl.concat([whole, whole.with_columns(Place=pl.lit("south"))]),
    }
    for name, one in tables.items():
        one.write_csv(name)
    whole.tail(4).drop("Temp").write_csv("future without temp.csv")
    for name, content in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(content)


@pytest.fixture
def littered(place: Path) -> Path:
    """A folder with everything that a person can get wrong."""
    write_tables()
    for name in ("unfinished", "halved", "garbled", "without config", "no results", "broken config"):
        shutil.copytree("run", name)
    (place / "unfinished/model.safetensors").unlink()
    (place / "unfinished/evaluation.json").unlink()
    halved = place / "halved/model.safetensors"
    halved.write_bytes(halved.read_bytes()[: halved.stat().st_size // 2])
    for name in ("model.safetensors", "state.safetensors", "evaluation.json", "table.json"):
        (place / "garbled" / name).write_bytes(b"{garbage")
    (place / "without config/config.toml").unlink()
    (place / "no results/forecasts.parquet").unlink()
    (place / "broken config/config.toml").write_text('task = "forecast"\nhorizon = ')
    return place


FIT_MISTAKES: dict[str, tuple[list[str], str]] = {
    "no file": (fit(data="demand.csv"), "There is no file .*demand.csv"),
    "folder as table": (fit(data="foreign"), "foreign is a directory"),
    "empty file": (fit(data="empty.csv"), "empty.csv is empty"),
    "header only": (fit(data="header.csv"), "header.csv has a header but no rows"),
    "binary file": (fit(data="binary.csv"), "binary.csv"),
    "no Parquet": (fit(data="binary.parquet"), "binary.parquet"),
    "damaged Parquet": (fit(data="cut.parquet"), "cut.parquet .*damaged"),
    "no table": (fit(without="data"), "`data`"),
    "no time": (fit(without="time"), "`time`"),
    "no target": (fit(without="target"), "`target`"),
    "no horizon": (fit(without="horizon"), "`horizon`"),
    "unknown time": (fit("--time", "Tine"), "'Tine'.*Time"),
    "unknown target": (fit("--target", "Demant"), "'Demant'.*Demand"),
    "unknown known": (fit("--known", "Temperature"), "'Temperature'.*Temp"),
    "unknown past": (fit("--past", "temp"), "'temp'.*Temp"),
    "unknown series": (fit("--series", "Places"), "'Places'.*Place"),
    "column twice": (fit("--known", "Demand"), "'Demand'"),
    "text as target": (fit("--target", "Place"), "'Place'"),
    "text in target": (fit(data="text.csv"), "'Demand'"),
    "no observed target": (fit(data="nothing.csv"), "'?Demand'?"),
    "number as time": (fit("--time", "Temp"), "'Temp'"),
    "text as time": (fit(data="no time.csv"), "'Time'"),
    "duplicate stamps": (fit(data="twice.csv"), "2024-01-13"),
    "series not named": (fit(data="stacked.csv"), "series"),
    "no grid": (fit(data="irregular.csv"), "[Ff]requency|step|grid"),
    "one row": (fit(data="one row.csv"), "row|step"),
    "horizon of zero": (fit("--horizon", "0"), "`horizon` must be .* 0"),
    "horizon below zero": (fit("--horizon", "-3"), "`horizon` must be .* -3"),
    "horizon as text": (fit("--horizon", "day"), "'--horizon'.*integer.*See: elman fit forecast --help"),
    "horizon too long": (fit("--horizon", "290"), "horizon"),
    "table too short": (fit(data="short.csv"), "9 observed steps"),
    "context too long": (fit("--context", "9999"), "context"),
    "context of zero": (fit("--context", "0"), "`context`"),
    "quantile of zero": (fit("--quantile", "0"), "quantile.*0"),
    "quantile above one": (fit("--quantile", "90"), "quantile.*90"),
    "quantile twice": (fit("--quantile", "0.5", "--quantile", "0.5"), "quantile.*0.5"),
    "unknown cell": (fit("--cell", "lstn"), "`cell` must be one of .*lstm.*'lstn'"),
    "no layer": (fit("--layers", "0"), "`num_layers`"),
    "no unit": (fit("--hidden-size", "0"), "`hidden_size`"),
    "all dropped": (fit("--dropout", "1"), "`dropout`"),
    "no step": (fit("--steps", "0"), "`num_steps`"),
    "empty batch": (fit("--batch-size", "0"), "`batch_size`"),
    "learning rate below zero": (fit("--learning-rate", "-1"), "`learning_rate`"),
    "learning rate is NaN": (fit("--learning-rate", "nan"), "`learning_rate`"),
    "seed below zero": (fit("--seed", "-1"), "`seed`"),
    "seed too large": (fit("--seed", "99999999999999999999"), "`seed`"),
    "no thread": (fit("--threads", "0"), "`threads`.* 0"),
    "many threads": (fit("--threads", "1000000"), "`threads`.* 1000000"),
    "unknown device": (fit("--device", "gpu"), "`device`.*'gpu'"),
    "absent device": (fit("--device", "cuda:99"), "`device`.*'cuda:99'"),
    "wrong frequency": (fit("--frequency", "often"), "'often'"),
    "finer frequency": (fit("--frequency", "1d"), "1d"),
    "unknown time zone": (fit("--time-zone", "Berlin"), "'Berlin'"),
    "no validation": (fit("--validation", "0"), "`validation`"),
    "validation too short": (fit("--validation", "2"), "validation"),
    "validation as text": (fit("--validation", "some"), "'some'"),
    "test below zero": (fit("--test", "-5"), "-5"),
    "test too long": (fit("--test", "299"), "test"),
    "no config": (fit("--config", "absent.toml"), "There is no file absent.toml"),
    "folder as config": (fit("--config", "foreign"), "foreign cannot be read"),
    "config is no TOML": (fit("--config", "broken.toml"), "broken.toml is no TOML"),
    "config is no UTF-8": (fit("--config", "latin1.toml"), "latin1.toml is no TOML"),
    "unknown setting": (fit("--config", "unknown.toml"), "'hidden_sise'.*'hidden_size'"),
    "nested setting": (fit("--config", "strange.toml"), "'training'"),
    "config of another task": (fit("--config", "other task.toml"), "describes no forecast"),
    "file name that is no UTF-8": (fit(data="d\udcff.csv"), "data"),
    "unknown option": (fit("--hidden", "3"), "--hidden.*See: elman fit forecast --help"),
    "option without value": (fit("--seed"), "--seed' requires an argument"),
    "two tables": (fit("table.csv"), "table.csv"),
}

MISTAKES: dict[str, tuple[list[str], str]] = {
    "unknown command": (["train"], "train"),
    "unknown task": (["fit", "dream"], "dream"),
    "fit without out": (fit(), "--out"),
    "out is a file": (fit("--out", "a file"), "a file is a file"),
    "out below a file": (fit("--out", "a file/run"), "a file/run cannot be made"),
    "out cannot be made": (fit("--out", "/proc/run"), "/proc/run cannot be made"),
    "out holds other files": (fit("--out", "foreign"), "foreign holds files"),
    "out holds other files, overwrite": (fit("--out", "foreign", "--overwrite"), "foreign holds files"),
    "out holds another config.toml": (fit("--out", "project", "--overwrite"), "project holds files"),
    "out holds a run": (fit("--out", "run"), "run already holds a run.*--resume.*--overwrite"),
    "resume nothing": ([*FIT, "--resume", "--out", "nothing"], "nothing holds no run to continue"),
    "resume foreign files": ([*FIT, "--resume", "--out", "foreign"], "foreign holds no run to continue"),
    "resume a file": ([*FIT, "--resume", "--out", "a file"], "a file is a file"),
    "resume and overwrite": ([*FIT, "--resume", "--overwrite", "--out", "run"], "--resume .*--overwrite"),
    "resume with a config": ([*FIT, "--resume", "--out", "run", "--config", "small.toml"], "--config"),
    "resume with another option": ([*FIT, "--resume", "--out", "run", "--seed", "1"], "seed = 0, not 1"),
    "resume with another table": ([*FIT, "short.csv", "--resume", "--out", "run"], "data = .*short.csv"),
    "resume a broken config": ([*FIT, "--resume", "--out", "broken config"], "config.toml is no TOML"),
    "resume garbled files": ([*FIT, "--resume", "--out", "garbled"], "table.json is damaged"),
    "predict without out": (["predict", "run", "table.csv"], "--out"),
    "predict without table": (["predict", "run", "--out", "f.csv"], "DATA"),
    "predict without a run": (["predict", "absent", "table.csv", "--out", "f.csv"], "no folder absent"),
    "predict with a folder": (["predict", "foreign", "table.csv", "--out", "f.csv"], "foreign holds no run"),
    "predict with a file": (
        ["predict", "table.csv", "table.csv", "--out", "f.csv"],
        "table.csv holds no run",
    ),
    "predict unfinished": (["predict", "unfinished", "table.csv", "--out", "f.csv"], "is not finished"),
    "predict halved": (["predict", "halved", "table.csv", "--out", "f.csv"], "halved/model.*is damaged"),
    "predict garbled": (["predict", "garbled", "table.csv", "--out", "f.csv"], "garbled/model.*is damaged"),
    "predict to a sheet": (["predict", "run", "table.csv", "--out", "f.xlsx"], "f.xlsx"),
    "predict to no suffix": (["predict", "run", "table.csv", "--out", "forecast"], "forecast"),
    "predict to nowhere": (["predict", "run", "table.csv", "--out", "no/f.csv"], "no/f.csv"),
    "predict over the table": (["predict", "run", "table.csv", "--out", "table.csv"], "table to read"),
    "predict over the future": (
        ["predict", "run", "table.csv", "--future", "short.csv", "--out", "./foreign/../short.csv"],
        "table to read",
    ),
    "predict over a result": (
        ["predict", "run", "table.csv", "--out", "run/forecasts.csv"],
        "a file of the run",
    ),
    "predict without a file": (["predict", "run", "absent.csv", "--out", "f.csv"], "no file absent.csv"),
    "predict without the future": (["predict", "run", "table.csv", "--out", "f.csv"], "'Temp'.*--future"),
    "predict without a covariate": (["predict", "run", "no temp.csv", "--out", "f.csv"], "'Temp'"),
    "predict without a target": (["predict", "run", "no demand.csv", "--out", "f.csv"], "'Demand'"),
    "predict with half a future": (
        ["predict", "run", "table.csv", "--future", "future without temp.csv", "--out", "f.csv"],
        "'Temp'",
    ),
    "predict with no future": (
        ["predict", "run", "table.csv", "--future", "absent.csv", "--out", "f.csv"],
        "no file absent.csv",
    ),
    "evaluate without a run": (["evaluate", "absent"], "no folder absent"),
    "evaluate nothing": (["evaluate"], "RUN"),
    "evaluate another part": (["evaluate", "run", "--part", "training"], "'training'"),
    "evaluate other columns": (["evaluate", "run", "--data", "no demand.csv"], "'Demand'"),
    "evaluate no file": (["evaluate", "run", "--data", "absent.csv"], "no file absent.csv"),
    "evaluate a short table": (["evaluate", "run", "--data", "short.csv"], "9 observed steps"),
    "evaluate unfinished": (["evaluate", "unfinished"], "unfinished is not finished"),
    "evaluate garbled": (["evaluate", "garbled"], "garbled/model.*is damaged"),
    "evaluate a broken config": (["evaluate", "broken config"], "config.toml is no TOML"),
    "report without a run": (["report", "absent"], "no folder absent"),
    "report of other files": (["report", "project"], "project holds no run"),
    "report without config": (["report", "without config"], "without config holds no run"),
    "report unfinished": (["report", "unfinished"], "unfinished is not finished.*--resume"),
    "report garbled": (["report", "garbled"], "garbled are damaged"),
    "report without results": (["report", "no results"], "no results are damaged"),
    "report over a table": (["report", "run", "--out", "table.csv"], "table.csv"),
    "report to a folder": (["report", "run", "--out", "foreign"], "foreign"),
    "misspelt command": (["reprot", "run"], r"Did you mean 'report'\? See: elman --help"),
    "report below a file": (["report", "run", "--out", "a file/report.html"], "a file"),
}


def assert_one_message(result: Outcome, words: str) -> None:
    """Exit code 2, nothing on stdout, one message on stderr that has the words."""
    assert result.code == 2, result
    assert result.out == ""
    assert len(re.findall("^elman: ", result.err, re.MULTILINE)) == 1
    assert result.err.startswith("elman: ")
    assert "Traceback" not in result.err
    assert re.search(words, result.err, re.DOTALL), result.err


@pytest.mark.parametrize("name", FIT_MISTAKES)
def test_mistake_of_a_fit_begins_nothing_and_replaces_nothing(elman: Elman, littered: Path, name: str):
    arguments, words = FIT_MISTAKES[name]
    before = snapshot(littered)
    for out in (["--out", "new"], ["--out", "run", "--overwrite"]):
        # In front, so that an option without a value stays at the end.
        assert_one_message(elman(*FIT, *out, *arguments[2:]), words)
    assert snapshot(littered) == before
    assert not (littered / "new").exists()


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_changes_nothing(elman: Elman, littered: Path, name: str):
    arguments, words = MISTAKES[name]
    before = snapshot(littered)
    assert_one_message(elman(*arguments), words)
    assert snapshot(littered) == before


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('horizon = "4"', "`horizon` in x.toml must be a whole number, but it is '4'"),
        ("horizon = 4.0", "`horizon` in x.toml must be a whole number, but it is 4.0"),
        ("horizon = true", "`horizon` in x.toml must be a whole number, but it is True"),
        ('known = "Temp"', "`known` in x.toml must be a list of texts, but it is 'Temp'"),
        ("known = [1]", "`known` in x.toml must be a list of texts"),
        ('quantiles = ["0.5"]', "`quantiles` in x.toml must be a list of numbers"),
        ("quantiles = 0.5", "`quantiles` in x.toml must be a list of numbers"),
        ("validation = 1.5", "`validation` in x.toml must be a whole number or a text"),
        ('learning_rate = "fast"', "`learning_rate` in x.toml must be a number"),
        ("time = 5", "`time` in x.toml must be a text"),
        ("evaluate_every = 0", "`evaluate_every` must be a whole number 1 or more"),
        ("patience = -1", "`patience` must be"),
        ("warmup = 1.0", "`warmup` must be"),
        ("averaging = nan", "`averaging` must be"),
        ("weight_decay = -inf", "`weight_decay` must be"),
        ("clip_norm = 0", "`clip_norm` must be"),
        ("batch_size = 2024-01-01", "`batch_size` in x.toml must be"),
    ],
)
def test_wrong_value_in_a_config_is_named(elman: Elman, place: Path, setting: str, message: str):
    name = setting.split(" = ")[0]
    kept = [line for line in CONFIG.splitlines() if not line.startswith(f"{name} = ")]
    Path("x.toml").write_text("\n".join([*kept, setting, ""]))
    assert_one_message(elman(*FIT, "--config", "x.toml", "--out", "new"), message)
    assert not (place / "new").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA can be used here")
def test_cuda_where_there_is_none(elman: Elman, place: Path):
    assert_one_message(elman(*fit("--out", "new", "--device", "cuda")), "`device`.*'cuda'.*CUDA")


def test_table_that_changed_is_not_trained_on(elman: Elman, place: Path):
    with Path("table.csv").open("a") as file:
        file.write("2024-01-13T12:00:00,1,2,north\n")
    assert_one_message(elman(*FIT, "--resume", "--out", "run"), "table has changed since run was begun")


def test_table_that_is_gone(elman: Elman, place: Path):
    Path("table.csv").unlink()
    assert_one_message(elman(*FIT, "--resume", "--out", "run"), "no file .*table.csv")
    assert_one_message(elman("evaluate", "run"), "table.csv, which .* is not there any more.*--data")
    assert elman("report", "run").code == 0


def test_diverging_training_names_the_batch_and_can_be_begun_again(elman: Elman, place: Path):
    result = elman(*fit("--steps", "12", "--learning-rate", "1e30", "--out", "new", "--quiet"))
    assert_one_message(result, r"at step \d+, batch of 4 windows: from 2024.*kept")
    again = [*fit("--steps", "3", "--hidden-size", "4"), "--out", "new", "--overwrite", "--quiet"]
    assert elman(*again).code == 0


@pytest.mark.parametrize(
    "allocate", [lambda: torch.empty(2**58), lambda: torch.empty(2**62), lambda: np.empty(2**58)]
)
def test_memory_that_does_not_suffice(
    elman: Elman, place: Path, monkeypatch: pytest.MonkeyPatch, allocate: Callable[[], Any]
):
    monkeypatch.setattr("elman.tasks.forecast.network.ForecastNetwork.__init__", lambda *_, **__: allocate())
    result = elman(*fit("--out", "new", "--quiet"))
    assert_one_message(result, "not enough memory; choose a smaller --hidden-size")


def test_error_of_the_program_is_not_hidden(elman: Elman, place: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> NoReturn:
        raise RuntimeError("a bug")

    monkeypatch.setattr("elman.tasks.forecast.run.save_report", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        elman(*fit("--out", "new", "--quiet", "--steps", "1", "--hidden-size", "2"))


def test_run_that_another_process_writes_to(elman: Elman, place: Path):
    with locked(place / "run"):
        for mode in ("--resume", "--overwrite"):
            arguments = fit("--overwrite") if mode == "--overwrite" else [*FIT, "--resume"]
            assert_one_message(
                elman(*arguments, "--out", "run"), "run is being written to by another process"
            )


def test_there_are_many_mistakes():
    assert len(FIT_MISTAKES) + len(MISTAKES) > 100
