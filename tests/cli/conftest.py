"""A table, a finished run of it, and the command line called as a person calls it."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome, fit_options, run_main, write_table


@pytest.fixture
def elman(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the real `main` in this process; a folder of its own is the current one."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["elman", *map(str, arguments)])
        code = run_main()
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `table.csv` and the finished run `run`; do not write to it."""
    folder = tmp_path_factory.mktemp("finished")
    table = write_table(folder / "table.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["elman", *fit_options(table, folder / "run"), "--quiet"])
        assert run_main() == 0
    return folder


@pytest.fixture
def place(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `finished` to write to, as the current folder; its config.toml names the copy's table."""
    folder = tmp_path / "place"
    shutil.copytree(finished, folder)
    config = folder / "run" / "config.toml"
    config.write_text(config.read_text().replace(str(finished), str(folder)))
    monkeypatch.chdir(folder)
    return folder
