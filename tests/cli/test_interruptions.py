"""A run that was stopped or killed goes on to the same weights; and it writes nowhere else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from command_line import FIT, Outcome

from elman.training import read_tensors

Elman = Callable[..., Outcome]

# The eighth of twelve steps; the last checkpoint is that of the sixth.
IN_TRAINING = """
from elman.training.state import TrainingState
move = TrainingState.move
def stopped(self, step):
    move(self, step)
    if step == 8:
        os.kill(os.getpid(), SIGNAL)
TrainingState.move = stopped
"""

# The draft of the third checkpoint is there, the file still the second.
IN_WRITING = """
writes = []
def stopped(file):
    writes.append(os.readlink(f"/proc/self/fd/{file}"))
    if sum(".state.safetensors." in name for name in writes) == 3:
        os.kill(os.getpid(), SIGNAL)
os.fsync = stopped
"""

MAIN = """
from elman.cli import main
main()
"""

WATCHED = """
import json
touched = []
def watch(event, values):
    if event == "open" and isinstance(values[0], str) and values[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        touched.append(values[0])
    elif event in {"os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"}:
        touched.append(os.fspath(values[0]))
    elif event == "os.rename":
        touched.extend(map(os.fspath, values[:2]))
sys.addaudithook(watch)
from elman.cli import main
try:
    main()
finally:
    print(json.dumps(touched))
"""


def run_python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import os, sys\n{code}", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def records(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def assert_same_run(run: Path, whole: Path) -> None:
    for name in ("model.safetensors", "forecasts.parquet", "forecasts.csv", "config.toml", "table.json"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    assert records(run) == records(whole)
    ours, theirs = (read_tensors(one / "state.safetensors")[0] for one in (run, whole))
    assert ours.keys() == theirs.keys()
    assert all(ours[name].equal(theirs[name]) for name in ours)
    assert {path.name for path in run.iterdir()} == {path.name for path in whole.iterdir()}


@pytest.fixture
def whole(elman: Elman, place: Path) -> Path:
    """A run that nothing stopped, with the table of this place."""
    assert elman(*FIT, "--config", "run/config.toml", "--out", "whole").code == 0
    return place / "whole"


@pytest.mark.parametrize("place_", [IN_TRAINING, IN_WRITING], ids=["in training", "in writing"])
@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL])
def test_stopped_process_is_continued_bit_for_bit(
    elman: Elman, whole: Path, place_: str, signal_: signal.Signals
):
    code = place_.replace("SIGNAL", str(int(signal_))) + MAIN
    process = run_python(code, *FIT, "--config", "run/config.toml", "--out", "cut off")
    if signal_ is signal.SIGINT:
        assert process.returncode == 130
        said = "elman: stopped. Continue with: elman fit forecast --resume --out 'cut off'"
        assert process.stderr.splitlines()[-1] == said
        assert not list(Path("cut off").glob(".*"))
    else:
        assert process.returncode == -signal.SIGKILL
    assert "Traceback" not in process.stderr
    assert [record["step"] for record in records(Path("cut off"))] == [3, 6]
    assert elman("report", "cut off").code == 2
    assert elman(*FIT, "--resume", "--out", "cut off").code == 0
    assert_same_run(Path("cut off"), whole)


def interrupt(*_: Any, **__: Any) -> NoReturn:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "function",
    [
        "elman.tasks.forecast.run.fingerprint",
        "elman.tasks.forecast.fitting.choose_linear",
        "elman.tasks.forecaster.Forecaster.save",
        "elman.tasks.forecast.run.save_report",
        "elman.report.write_report",
    ],
)
def test_interrupted_anywhere_is_continued(
    elman: Elman, whole: Path, monkeypatch: pytest.MonkeyPatch, function: str
):
    with monkeypatch.context() as patch:
        patch.setattr(function, interrupt)
        result = elman(*FIT, "--config", "run/config.toml", "--out", "cut", "--quiet")
    assert (result.code, result.out) == (130, "")
    has_begun = not function.endswith(".fingerprint")
    assert Path("cut").exists() == has_begun
    if not has_begun:
        assert result.err == "elman: stopped.\n"
        return
    assert result.err == "elman: stopped. Continue with: elman fit forecast --resume --out cut\n"
    assert elman(*FIT, "--resume", "--out", "cut", "--quiet").code == 0
    assert_same_run(Path("cut"), whole)


def test_evaluation_that_was_saved_but_not_yet_logged_is_not_lost(
    elman: Elman, whole: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr("elman.tasks.running.asdict", interrupt)
        assert elman(*FIT, "--config", "run/config.toml", "--out", "cut", "--quiet").code == 130
    assert not Path("cut/metrics.jsonl").exists()
    assert Path("cut/state.safetensors").exists()
    assert elman(*FIT, "--resume", "--out", "cut", "--quiet").code == 0
    assert_same_run(Path("cut"), whole)


def test_fit_writes_into_its_folder_only(elman: Elman, place: Path):
    places = {"HOME": place / "home", "TMPDIR": place / "tmp", "XDG_CACHE_HOME": place / "cache"}
    for one in places.values():
        one.mkdir()
    before = {path for path in place.rglob("*") if path.is_file()}
    environment = {name: str(path) for name, path in places.items()}
    arguments = [*FIT, "--config", "run/config.toml", "--out", "alone"]
    process = run_python(WATCHED, *arguments, **environment, PYTHONDONTWRITEBYTECODE="1")
    assert process.returncode == 0, process.stderr
    # torch.optim makes a cache folder of its own among the temporary files; it stays empty.
    touched = {path for path in json.loads(process.stdout.splitlines()[-1]) if "torchinductor" not in path}
    touched -= {os.devnull}
    assert len(touched) > 10
    assert {path for path in touched if Path(path).parts[0] != "alone"} == set()
    after = {path for path in place.rglob("*") if path.is_file()}
    assert all(path.is_relative_to(place / "alone") for path in after - before)
