"""Checks of what a cell's `forward` returns."""

from typing import Any

import torch
from torch import Tensor

from elman.cells.state import State, state_shapes, state_tensors
from elman.errors import DeviceError, DtypeError, ShapeError


def check_result(step: object, result: Any, num_rows: int, state: State) -> None:
    """Refuse what is not an output with a row for each sequence, and a state like the one before.

    Args:
        step: The cell, for its name.
        result: What it returned.
        num_rows: Number of sequences it was given.
        state: The state it was given.

    Raises:
        DtypeError: It is not a pair, the output is no dense tensor, or the state has another dtype.
        ShapeError: The output has other rows, or the state another structure or shape.
        DeviceError: The state is on another device.
    """
    if not isinstance(result, tuple) or len(result) != 2:
        raise DtypeError(
            f"{_name(step)} must return a pair, (output, new_state), but it returned {_describe(result)}."
        )
    output, new_state = result
    if not isinstance(output, Tensor) or output.is_nested or output.layout is not torch.strided:
        came = f"a {output.layout} tensor" if isinstance(output, Tensor) else f"a {type(output).__name__}"
        raise DtypeError(f"{_name(step)} must return a dense tensor as output, but it returned {came}.")
    if output.dim() == 0 or output.shape[0] != num_rows:
        raise ShapeError(
            f"{_name(step)} must return an output of shape (N, ...) = ({num_rows}, ...), "
            f"but it returned {tuple(output.shape)}."
        )
    if not _is_alike(new_state, state):
        _refuse_state(step, new_state, state)


def _is_alike(new: Any, old: State) -> bool:
    if isinstance(old, tuple):
        return isinstance(new, tuple) and len(new) == len(old) and all(map(_is_alike, new, old))
    return (
        isinstance(new, Tensor)
        and not new.is_nested
        and new.shape == old.shape
        and new.dtype == old.dtype
        and new.device == old.device
        and new.layout is torch.strided
    )


def _refuse_state(step: object, new_state: Any, state: State) -> None:
    """Say what differs; under autocast a dtype may."""
    expected, came = state_shapes(state), state_shapes(new_state)
    if expected != came:
        raise ShapeError(
            f"{_name(step)} must return a state of the structure and shape it was given, "
            f"{expected}, but it returned {came}."
        )
    for new, old in zip(state_tensors(new_state), state_tensors(state), strict=True):
        if new.layout is not torch.strided:
            raise DtypeError(
                f"{_name(step)} must return a state that is dense, but its layout is {new.layout}."
            )
        if new.device != old.device:
            raise DeviceError(
                f"{_name(step)} must return a state on the device it was given, {old.device}, "
                f"but it is on {new.device}."
            )
        if new.dtype != old.dtype and not torch.is_autocast_enabled(old.device.type):
            raise DtypeError(
                f"{_name(step)} must return a state of the dtype it was given, {old.dtype}, "
                f"but its dtype is {new.dtype}."
            )


def stack_outputs(step: object, outputs: list[Tensor]) -> Tensor:
    """Put the outputs of all time steps side by side.

    Raises:
        ShapeError: Their shapes differ.
    """
    shapes = {output.shape: t for t, output in reversed(list(enumerate(outputs)))}
    if len(shapes) > 1:
        first, t = outputs[0].shape, sorted(shapes.values())[1]
        raise ShapeError(
            f"{_name(step)} must return outputs of one shape, "
            f"but it returned {tuple(first)} at t=0 and {tuple(outputs[t].shape)} at t={t}."
        )
    return torch.stack(outputs)


def _name(step: Any) -> str:
    owner = getattr(step, "__self__", None)  # of a method
    return f"{type(step).__name__}.forward" if owner is None else f"{type(owner).__name__}.{step.__name__}"


def _describe(result: object) -> str:
    return f"{len(result)} values" if isinstance(result, tuple) else f"one {type(result).__name__}"
