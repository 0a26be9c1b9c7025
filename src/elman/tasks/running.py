"""What every task's run does around its fit: its folder, the data's fingerprint, the threads, the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from elman.errors import DataError, OptionError, RunError
from elman.tasks.observer import Observer
from elman.tasks.settings import RunSettings
from elman.training import EvaluationRecord
from elman.training.files import write_bytes
from elman.training.run import CONFIG, REPORT, Mode, RunDirectory

STATE, DATA, METRICS = "state.safetensors", "table.json", "metrics.jsonl"
"""Where a training stands; the fingerprint of its data; one line per evaluation."""
MODEL = "model.safetensors"
"""What was fitted."""
FLOW = "gradients.jsonl"
"""One line per look at the flow of gradients."""

if TYPE_CHECKING:
    from elman.diagnostics import FlowRecord

_MAX_THREADS = 1024


def fingerprint(data: Path) -> str:
    """Return the SHA-256 of a file, or of all files below a folder with their names.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if not data.is_dir():
            return _digest(data)
        files = sorted(path for path in data.rglob("*") if path.is_file())
        lines = [f"{path.relative_to(data)} {_digest(path)}\n" for path in files]
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {data}.") from error
    except OSError as error:
        raise DataError(f"{error.filename or data} cannot be read: {error.strerror or error}.") from error


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write_fingerprint(directory: RunDirectory, found: str) -> None:
    """Write down what data a run is of.

    Raises:
        RunError: the file cannot be written.
    """
    write_bytes(directory / DATA, json.dumps({"sha256": found}).encode())


def require_same_data(directory: RunDirectory, found: str) -> None:
    """Refuse to continue a training with other data; before its first checkpoint nothing was learned.

    Args:
        directory: of the run to continue.
        found: the fingerprint of the data that are there now.

    Raises:
        RunError: the data have changed, or what was written down about them is damaged.
    """
    if not (directory / STATE).exists():
        return
    try:
        stored = json.loads((directory / DATA).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{directory / DATA} is damaged: {error}.") from error
    if stored != found:
        raise RunError(
            f"The table has changed since {directory.path} was begun, so the run cannot be continued; "
            "begin a new one with another --out, or replace it with --overwrite."
        )


@contextmanager
def writing_run(
    settings: RunSettings,
    directory: RunDirectory,
    mode: Mode,
    observer: Observer,
    *,
    found: str,
    threads: int,
    files: Collection[str],
) -> Iterator[Observer]:
    """Open the folder of a run, write down what it is of, and yield an observer that logs the fit there.

    Args:
        settings: what repeats the run.
        directory: where to write.
        mode: begin a run, continue one, or replace one.
        observer: is told how it goes, too.
        found: the fingerprint of the data.
        threads: of a tensor operation.
        files: the names of the results that only this task writes.

    Raises:
        RunError: the folder is not what the mode wants, or cannot be written to.
    """
    with directory.opened(mode, {DATA, METRICS, STATE, MODEL, REPORT, *files}), computing_with(threads):
        write_bytes(directory / CONFIG, settings.to_toml().encode())
        write_fingerprint(directory, found)
        yield with_log(observer, directory)


def check_threads(number: int) -> None:
    """Make sure that a number of threads is one.

    Raises:
        OptionError: it is not.
    """
    if not 1 <= number <= _MAX_THREADS:
        raise OptionError(f"`threads` must be in [1, {_MAX_THREADS}], but it is {number}.")


@contextmanager
def computing_with(num_threads: int) -> Iterator[None]:
    """Compute with so many threads, since the order of a sum depends on them."""
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def with_log(observer: Observer, directory: RunDirectory) -> Observer:
    """Write each evaluation and each look at the gradients to the run's logs as well.

    A continued training tells its earlier evaluations again; its earlier looks stand in the log.
    """
    lines: list[str] = []
    looks = {look["step"]: look for look in read_flow(directory)}

    def on_record(record: EvaluationRecord) -> None:
        lines.append(json.dumps(asdict(record)) + "\n")
        write_bytes(directory / METRICS, "".join(lines).encode())
        observer.on_record(record)

    def on_flow(record: FlowRecord) -> None:
        looks[record.step] = record.as_json()  # a step that is done again has the last word
        write_bytes(directory / FLOW, "".join(json.dumps(one) + "\n" for one in looks.values()).encode())
        observer.on_flow(record)

    return replace(observer, on_record=on_record, on_flow=on_flow)


def read_flow(directory: RunDirectory) -> list[dict[str, Any]]:
    """Return what was logged of the flow of gradients; nothing where nobody looked.

    Raises:
        RunError: the log is damaged.
    """
    file = directory / FLOW
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise RunError(f"{file} is damaged: {error}.") from error
