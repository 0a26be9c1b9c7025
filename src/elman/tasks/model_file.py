"""The file of a fitted model: its tensors, and options that a JSON text can hold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from elman.errors import ChangedCellWarning, ElmanError, OptionError, RunError
from elman.layers.named_cells import file_digest, is_own, lasting_name, load_cell
from elman.tasks.networks import CellChoice
from elman.training import TrainingOptions, check_device, read_tensors, write_tensors

Made = TypeVar("Made")

_CELL_FILE = "cell_file_sha256"

_NAMES = {"classify": "classifier", "forecast": "forecaster", "tag": "tagger", "text": "language model"}
_READERS = {
    "classify": "SequenceClassifier",
    "forecast": "Forecaster",
    "tag": "SequenceTagger",
    "text": "LanguageModel",
}


def require_named_cell(cell: CellChoice, model: str) -> None:
    """Refuse a cell that a file cannot name.

    Args:
        cell: of the options.
        model: what is to be saved, such as "forecaster".

    Raises:
        OptionError: nothing says where it would be found again: it is a function, or its class is in a script
            or a notebook.
    """
    if lasting_name(cell) is None:
        raise OptionError(
            f"A {model} with a cell of your own can be saved if its class is in a file, FILE.py:CLASS, or a "
            f"module that is imported; this one is {_where(cell)}."
        )


def _where(cell: CellChoice) -> str:
    name = getattr(cell, "__qualname__", type(cell).__name__)
    return f"{name} in {getattr(cell, '__module__', type(cell).__module__)}"


def options_to_json(options: Any) -> dict[str, Any]:
    """Return options as values that JSON can hold: it has no infinity, as which norm to clip at may be."""
    values = asdict(options)
    del values["device"]  # it may not exist where the model is read
    values["cell"] = lasting_name(values["cell"])
    values[_CELL_FILE] = file_digest(values["cell"])
    for part in (values, values.get("training", {})):
        if part.get("clip_norm") == inf:
            part["clip_norm"] = None
    return values


def options_from_json(cls: Callable[..., Made], values: Mapping[str, Any], device: str) -> Made:
    """Return the options that `options_to_json` described, or what is made of them.

    Args:
        cls: their dataclass, or what takes them by name.
        values: what it returned.
        device: where the network goes.

    Raises:
        OptionError: a value is not a legal one.
    """
    known = {**_with_infinity(values), "device": device}
    _require_cell(known.get("cell"), known.pop(_CELL_FILE, None))
    if "training" in known:
        known["training"] = TrainingOptions(**_with_infinity(known["training"]))
    return cls(**known)


def _require_cell(name: Any, digest: str | None) -> None:
    """Tell a cell that is not where it was from a file that is damaged, and one that is not what it was."""
    if not isinstance(name, str) or not is_own(name):
        return
    try:
        load_cell(name)
    except OptionError as error:
        raise RunError(f"The model's cell is {name}, which must stay where it was: {error}") from error
    if digest not in (None, file_digest(name)):
        text = f"{name} has changed since the model was fitted, so it may predict something else."
        warnings.warn(text, ChangedCellWarning, stacklevel=2)


def _with_infinity(values: Mapping[str, Any]) -> dict[str, Any]:
    clips = values.get("clip_norm", inf) is not None
    return {**values} if clips else {**values, "clip_norm": inf}


def write_model(
    path: str | Path, task: str, tensors: Mapping[str, Tensor], values: Mapping[str, Any]
) -> None:
    """Write a model to one safetensors file, atomically.

    Args:
        path: the file; its folder must exist.
        task: what the model does, one of the tasks in config.toml.
        tensors: by name.
        values: what JSON can hold.

    Raises:
        RunError: the file cannot be written.
    """
    write_tensors(Path(path), tensors, {"task": task, **values})


@contextmanager
def reading_model(
    path: str | Path, task: str, device: str
) -> Iterator[tuple[dict[str, Tensor], dict[str, Any]]]:
    """Yield the tensors and the values of a model's file, for the block to build the model from.

    Args:
        path: the file.
        task: what the model is expected to do, as `write_model` was told.
        device: where the network goes.

    Raises:
        OptionError: there is no such device.
        RunError: the file is absent or damaged, or it holds something else.
    """
    check_device(device)
    tensors, values = read_tensors(Path(path))
    _require_task(path, values, task)
    try:
        yield tensors, values
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError, AttributeError) as error:
        # An option that is not legal was not written by `save`.
        if isinstance(error, ElmanError) and not isinstance(error, OptionError):
            raise
        reason = f"it lacks {error}" if type(error) is KeyError else str(error).splitlines()[0].rstrip(".")
        raise RunError(
            f"{path} holds no {_NAMES[task]} that can be used: {reason}; it is damaged, or was written by "
            "another version of elman."
        ) from error


def _require_task(path: str | Path, values: Mapping[str, Any], task: str) -> None:
    found = values.get("task")
    if found == task:
        return
    if found in _NAMES:
        raise RunError(
            f"{path} holds a {_NAMES[found]}, not a {_NAMES[task]}; read it with {_READERS[found]}.load."
        )
    if "curve" in values:
        raise RunError(
            f"{path} says where a training stands and holds no finished {_NAMES[task]}; name the "
            "model.safetensors of the run."
        )
    raise RunError(f"{path} was written by elman, but holds no {_NAMES[task]}.")
