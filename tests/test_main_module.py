"""`python -m elman` is the command `elman`: what it prints, what it calls itself, how it ends."""

import subprocess
import sys

import pytest

import elman


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "elman", *arguments], capture_output=True, text=True)


def test_module_runs_as_the_command():
    done = run_module("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"elman {elman.__version__}\n", "")


@pytest.mark.parametrize("arguments", [("fit", "forecast", "--horizn", "4"), ("evaluate", "no such run")])
def test_mistake_reads_as_that_of_the_command(arguments: tuple[str, ...]):
    done = run_module(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("elman: ")
    assert "__main__" not in done.stderr
    assert "python" not in done.stderr
