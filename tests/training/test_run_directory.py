"""A run's folder takes no place that is not its own, and loses nothing of others."""

import re
from pathlib import Path

import pytest
from folder_names import names

from elman.errors import RunError
from elman.training.run import Mode, RunDirectory

FILES = ("config.toml", "model.safetensors")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A folder with a run, and with a file that somebody put beside it."""
    directory = RunDirectory(tmp_path / "run")
    with directory.opened("new", FILES):
        (directory / "config.toml").write_text('task = "forecast"\n')
        (directory / "model.safetensors").write_text("weights")
    (directory / "notes.txt").write_text("mine")
    return directory


def test_new_run_makes_its_folder(tmp_path: Path):
    directory = RunDirectory(tmp_path / "runs" / "deep")
    assert not directory.holds_run
    with directory.opened("new", FILES):
        assert names(directory.path) == []


def test_overwriting_keeps_what_is_not_the_run_s(run: RunDirectory):
    with run.opened("overwrite", ("model.safetensors",)):
        assert names(run.path) == ["config.toml", "notes.txt"]


def test_continuing_keeps_everything_but_drafts(run: RunDirectory):
    (run / ".model.safetensors.17.tmp").touch()
    with run.opened("resume", FILES):
        assert names(run.path) == ["config.toml", "model.safetensors", "notes.txt"]


def test_folder_with_nothing_but_a_draft_is_free(tmp_path: Path):
    (tmp_path / ".config.toml.17.tmp").touch()
    with RunDirectory(tmp_path).opened("new", FILES):
        assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("mode", "place", "message"),
    [
        ("new", "run", "already holds a run: continue it with --resume or replace it with --overwrite"),
        ("new", "foreign", "holds files that no run of elman wrote"),
        ("overwrite", "foreign", "holds files that no run of elman wrote"),
        ("overwrite", "other program", "holds files that no run of elman wrote"),
        ("resume", "other program", "holds no run to continue"),
        ("resume", "empty", "holds no run to continue"),
        ("resume", "absent", "holds no run to continue"),
        ("new", "file", "is a file; a run needs a folder"),
        ("overwrite", "file", "is a file; a run needs a folder"),
        ("resume", "file", "is a file; a run needs a folder"),
        ("new", "file/below", "cannot be made: Not a directory"),
        ("new", "/proc/run", "cannot be made: No such file or directory"),
    ],
)
def test_wrong_place_is_refused_and_left_alone(run: RunDirectory, mode: Mode, place: str, message: str):
    root = run.path.parent
    for name, content in {"foreign/thesis.tex": "years", "other program/config.toml": "[task]\n"}.items():
        (root / name).parent.mkdir()
        (root / name).write_text(content)
    (root / "empty").mkdir()
    (root / "file").touch()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with (
        pytest.raises(RunError, match=f"{place} {re.escape(message)}"),
        RunDirectory(root / place).opened(mode, FILES),
    ):
        pass
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_second_process_is_refused_and_changes_nothing(run: RunDirectory, mode: Mode):
    with (
        run.opened("resume", FILES),
        pytest.raises(RunError, match="is being written to by another process"),
        run.opened(mode, FILES),
    ):
        pass
    assert (run / "model.safetensors").read_text() == "weights"
    with run.opened(mode, FILES):
        pass


def test_run_begun_by_another_process_while_waiting_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Both look at an empty folder, one begins and ends, and only then the other gets the lock."""
    directory = RunDirectory(tmp_path)

    def mkdir(path: Path, **_: object) -> None:
        (path / "config.toml").write_text('task = "forecast"')

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(RunError, match="already holds a run"), directory.opened("new", FILES):
        pass


def test_reader_is_told_what_is_missing(tmp_path: Path, run: RunDirectory):
    run.require_run()
    with pytest.raises(RunError, match=r"^There is no folder .*absent\.$"):
        RunDirectory(tmp_path / "absent").require_run()
    with pytest.raises(RunError, match="holds no run of elman"):
        RunDirectory(tmp_path).require_run()
