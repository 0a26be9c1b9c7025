"""A full disk, a folder without permission, a process that is killed: a run goes on after it."""

import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bad_inputs import FITS, write_inputs
from command_line import Outcome, snapshot

Elman = Callable[..., Outcome]

FAULTS = {
    "disk full": (errno.ENOSPC, "os.fsync", "No space left on device"),
    "no permission": (errno.EACCES, "pathlib.Path.replace", "Permission denied"),
}

KILLED = """
import os, signal, sys, threading
import elman.training.files as files
write = files.os.fsync
def begin(file):
    files.os.fsync = write
    threading.Timer(DELAY, os.kill, (os.getpid(), signal.SIGKILL)).start()
    write(file)
files.os.fsync = begin
from elman.cli import main
main()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the inputs of every task, as the current one."""
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failing(monkeypatch: pytest.MonkeyPatch, name: str, number: int, code: int) -> None:
    """Let the system's function fail from its `number`-th call on."""
    module, _, function = name.rpartition(".")
    owner = os if module == "os" else Path
    original, calls = getattr(owner, function), []

    def fail(*arguments: object) -> object:
        calls.append(1)
        if len(calls) >= number:
            raise OSError(code, os.strerror(code))
        return original(*arguments)

    monkeypatch.setattr(owner, function, fail)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("task", FITS)
def test_run_that_could_not_write_goes_on_later(
    elman: Elman, place: Path, monkeypatch: pytest.MonkeyPatch, task: str, fault: str
):
    code, function, words = FAULTS[fault]
    with monkeypatch.context() as patch:
        # The settings are written, and what they are of; a checkpoint or a log is not.
        failing(patch, function, 4, code)
        result = elman(*FITS[task], "--out", "run")
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[-1].startswith("elman: run")
    assert f"could not be written: {words}" in result.err
    assert "Traceback" not in result.err
    assert not [path for path in Path("run").iterdir() if path.name.startswith(".")]
    assert elman(*FITS[task][:2], "--resume", "--out", "run", "--quiet").code == 0
    before = snapshot(place / "run")
    with monkeypatch.context() as patch:
        failing(patch, function, 1, code)
        elman("report", "run")
        assert elman("predict", "run", FITS[task][2], "--out", "o.csv").code == 2
    assert snapshot(place / "run") == before
    assert not Path("o.csv").exists()


def test_run_that_is_killed_at_any_moment_goes_on_to_the_same_model(elman: Elman, place: Path):
    fit = (*FITS["tagged"], "--steps", "60")
    Path("often.toml").write_text("evaluate_every = 2\n")
    assert elman(*fit, "--config", "often.toml", "--out", "whole").code == 0
    draw, num_killed = random.Random(0), 0
    for _ in range(2):
        begun = Path("run/config.toml").exists()
        how = ("fit", "tag", "--resume", "--quiet") if begun else (*fit, "--config", "often.toml")
        code = KILLED.replace("DELAY", str(draw.uniform(0.0, 0.3)))
        process = subprocess.run(
            [sys.executable, "-c", code, *how, "--out", "run"], capture_output=True, text=True
        )
        assert process.returncode in (0, -signal.SIGKILL), process.stderr
        num_killed += process.returncode == -signal.SIGKILL
    assert num_killed
    if Path("run/config.toml").exists():
        assert elman("fit", "tag", "--resume", "--out", "run", "--quiet").code == 0
    else:
        assert elman(*fit, "--config", "often.toml", "--out", "run").code == 0
    assert Path("run/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert not [path for path in Path("run").iterdir() if path.name.startswith(".")]
