"""An experiment in its folder: written once, refused twice, drawn again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Outcome

from elman.experiments import ExperimentSettings, read_report
from elman.experiments.saved import save_settings
from elman.experiments.trial import run_trial
from elman.tasks.settings import read_settings
from elman.training.run import RunDirectory

Elman = Callable[..., Outcome]

SMALL = ("experiment", "parity", "--length", 3, "--cell", "gru", "--seed", 0, "--max-updates", 2)
FILES = {"config.toml", "results.json", "figure.svg", "report.html"}


@pytest.fixture
def run(elman: Elman, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    assert elman(*SMALL, "--out", folder).code == 0
    return folder


def test_folder_holds_what_it_promises(elman: Elman, run: Path):
    assert {path.name for path in run.iterdir()} == FILES
    results = read_report(json.loads((run / "results.json").read_text()))
    assert [trial.network for trial in results.trials] == ["dense", "convolution", "gru"]
    assert (run / "figure.svg").read_text().startswith("<svg")
    config = read_settings(run / "config.toml")
    assert config.pop("task") == "experiment"
    values: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in config.items()
    }
    assert ExperimentSettings(**values) == ExperimentSettings(
        "parity", lengths=(3,), cells=("gru",), seeds=(0,), max_updates=2
    )


def test_stopped_experiment_tells_and_keeps_the_trials_that_had_ended(
    elman: Elman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stop_at_the_third(*values: Any) -> Any:
        if values[1] == "gru":
            raise KeyboardInterrupt
        return run_trial(*values)

    monkeypatch.setattr("elman.experiments.runner.run_trial", stop_at_the_third)
    stopped = elman(*SMALL, "--out", tmp_path / "run")
    assert stopped.code == 130
    assert "not solved (out of updates)" in stopped.err
    assert stopped.err.endswith("elman: stopped; the trials that had ended are told above.\n")
    results = read_report(json.loads((tmp_path / "run" / "results.json").read_text()))
    assert [trial.network for trial in results.trials] == ["dense", "convolution"]


def test_report_is_drawn_again_to_the_byte(elman: Elman, run: Path, tmp_path: Path):
    drawn = (run / "report.html").read_bytes()
    assert elman("report", run, "--out", tmp_path / "page.html").out == f"report: {tmp_path / 'page.html'}\n"
    assert (tmp_path / "page.html").read_bytes() == drawn
    (run / "report.html").unlink()
    assert elman("report", run).code == 0
    assert (run / "report.html").read_bytes() == drawn


def test_an_experiment_is_replaced_only_if_that_is_said(elman: Elman, run: Path):
    (run / "notes.txt").write_text("mine")
    before = (run / "results.json").read_bytes()
    refused = elman(*SMALL, "--out", run)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"elman: {run} already holds an experiment: replace it with --overwrite.\n"
    assert (run / "results.json").read_bytes() == before
    assert elman(*SMALL, "--cell", "lstm", "--out", run, "--overwrite").code == 0
    assert b'"lstm"' in (run / "results.json").read_bytes()
    assert (run / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
@pytest.mark.parametrize(
    ("config", "told"),
    [('task = "forecast"\n', "holds a run that is no experiment"), ("", "holds files that no run")],
)
def test_other_folders_are_left_alone(
    elman: Elman, tmp_path: Path, overwrite: list[str], config: str, told: str
):
    (tmp_path / "config.toml").write_text(config)
    refused = elman(*SMALL, "--out", tmp_path, *overwrite)
    assert refused.code != 0
    assert told in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("results", "told"),
    [
        (None, "is not finished (it has no results.json); run it again with --overwrite."),
        ("{", "are damaged"),
        ("[]", "are damaged"),
        ('{"trials": [], "bars": {}}', "are damaged"),
    ],
)
def test_results_that_cannot_be_drawn(elman: Elman, run: Path, results: str | None, told: str):
    (run / "results.json").unlink() if results is None else (run / "results.json").write_text(results)
    refused = elman("report", run)
    assert refused.code != 0
    assert told in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    "command",
    [
        ("predict", "run", "config.toml", "--out", "new.csv"),
        ("evaluate", "run"),
        ("stream", "run"),
        ("inspect", "run"),
        ("generate", "run"),
        ("score", "run", "config.toml"),
        ("fit", "text", "--resume", "--out", "run"),
    ],
    ids=lambda command: command[0],
)
def test_commands_for_runs_name_the_one_for_experiments(
    elman: Elman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
):
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    save_settings(ExperimentSettings("parity", lengths=(3,)), RunDirectory("run"))
    Path("config.toml").write_text("words\n")
    refused = elman(*command)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "elman: run is the folder of an experiment, which compares networks and keeps none of them; "
        "`elman report run` draws what it found.\n"
    )
