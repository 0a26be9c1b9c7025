"""A run is used as its config.toml says; one of an unknown task is refused by name."""

from importlib import import_module
from pathlib import Path

import pytest

from elman.errors import OptionError, RunError
from elman.tasks import registry
from elman.tasks.registry import Runs, runs_of, task_of
from elman.training.run import RunDirectory


def run_in(folder: Path, config: str) -> RunDirectory:
    (folder / "config.toml").write_text(config)
    return RunDirectory(folder)


@pytest.mark.parametrize("task", sorted(registry._RUNS))
def test_every_task_is_found_under_its_own_name(tmp_path: Path, task: str):
    runs = runs_of(run_in(tmp_path, f'task = "{task}"\n'))
    assert isinstance(runs, Runs)
    assert runs.task == task
    assert import_module(type(runs).__module__).__doc__


def test_unknown_task_is_refused_with_the_known_ones(tmp_path: Path):
    directory = run_in(tmp_path, 'task = "paint"\n')
    with pytest.raises(
        RunError, match=r"`task` in .*config.toml must be one of .*forecast.*but it is 'paint'"
    ):
        task_of(directory)


def test_folder_without_a_run_is_refused(tmp_path: Path):
    with pytest.raises(RunError, match="holds no run of elman"):
        runs_of(RunDirectory(tmp_path))


def test_run_that_cannot_be_streamed_says_so(tmp_path: Path):
    directory = run_in(tmp_path, 'task = "forecast"\n')
    with pytest.raises(OptionError, match="is a forecast run, which cannot read a stream step by step"):
        Runs.stream(runs_of(directory), directory)
