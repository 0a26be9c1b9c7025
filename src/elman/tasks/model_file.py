"""The file of a fitted model: its tensors, and options that a JSON text can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from elman.errors import ElmanError, OptionError, RunError
from elman.tasks.networks import CellChoice
from elman.training import TrainingOptions, check_device, read_tensors

Options = TypeVar("Options")


def require_named_cell(cell: CellChoice, model: str) -> None:
    """Refuse a cell that a file cannot name.

    Args:
        cell: of the options.
        model: what is to be saved, such as "forecaster".

    Raises:
        OptionError: the cell is a function; a file can only name the cells of elman.
    """
    if not isinstance(cell, str):
        raise OptionError(f"A {model} with a cell of your own cannot be saved; save model.network yourself.")


def options_to_json(options: Any) -> dict[str, Any]:
    """Return options with a field `training` as values that JSON can hold: it has no infinity."""
    values = asdict(options)
    del values["device"]  # it may not exist where the model is read
    if values["training"]["clip_norm"] == inf:
        values["training"]["clip_norm"] = None
    return values


def options_from_json(cls: type[Options], values: Mapping[str, Any], device: str) -> Options:
    """Return the options that `options_to_json` described.

    Args:
        cls: their dataclass.
        values: what it returned.
        device: where the network goes.

    Raises:
        OptionError: a value is not a legal one.
    """
    training = dict(values["training"])
    if training["clip_norm"] is None:
        training["clip_norm"] = inf
    return cls(**{**values, "training": TrainingOptions(**training), "device": device})


@contextmanager
def reading_model(
    path: str | Path, model: str, device: str
) -> Iterator[tuple[dict[str, Tensor], dict[str, Any]]]:
    """Yield the tensors and the values of a model's file, for the block to build the model from.

    Args:
        path: the file.
        model: what is expected there, such as "forecaster".
        device: where the network goes.

    Raises:
        OptionError: there is no such device.
        RunError: the file is absent or damaged, or the block found that it holds something else.
    """
    check_device(device)
    tensors, values = read_tensors(Path(path))
    try:
        yield tensors, values
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError, AttributeError) as error:
        # An option that is not legal was not written by `save`.
        if isinstance(error, ElmanError) and not isinstance(error, OptionError):
            raise
        reason = str(error).splitlines()[0]
        raise RunError(f"{path} holds no {model} that can be used: {reason}") from error
