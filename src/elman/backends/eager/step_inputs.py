"""What a cell asked for besides input and state, handed out one time step at a time."""

from collections.abc import Callable, Mapping
from operator import index
from types import MethodType
from typing import NamedTuple, cast

import torch
from torch import Tensor

from elman.cells.buffers import keep_buffers
from elman.errors import DeviceError, DtypeError, ShapeError

Draw = Callable[[int, int], Mapping[str, Tensor]]


class StepInputs(NamedTuple):
    """Tensors drawn before the loop.

    Attributes:
        moving: Those with a time axis, (T, N, ...) or (T,).
        fixed: Those that are the same at every step, (N, ...).
    """

    moving: Mapping[str, Tensor]
    fixed: Mapping[str, Tensor]

    def at(self, t: int, rows: Tensor | None) -> dict[str, Tensor]:
        """Return what the step at time t gets, by name.

        Args:
            t: The time step.
            rows: The rows that run; None for all.
        """
        parts = {**{name: tensor[t] for name, tensor in self.moving.items()}, **self.fixed}
        if rows is None:
            return parts
        return {name: part.index_select(0, rows) if part.dim() else part for name, part in parts.items()}


def draw_step_inputs(draw: Draw, num_steps: int, batch_size: int, like: Tensor) -> StepInputs | None:
    """Draw a cell's step inputs for a whole run; None if it wants none.

    Args:
        draw: The cell's `step_inputs`.
        num_steps: Number of time steps, T.
        batch_size: Number of sequences, N.
        like: Gives the device, and the dtype of what is floating point.

    Raises:
        DtypeError: They are not dense tensors by name.
        ShapeError: One has neither an axis T nor an axis N where it must be.
        DeviceError: One has no values.
    """
    drawn = draw(num_steps, batch_size)
    if isinstance(drawn, dict) and not drawn:
        return None
    _check_drawn(draw, drawn, like)
    shapes = {name: tuple(tensor.shape) for name, tensor in drawn.items()}
    first = num_steps
    if num_steps == batch_size:  # then a shape alone does not tell which axis is time
        first = num_steps + 1
        if torch.compiler.is_compiling():
            owner = cast(MethodType, draw).__self__
            shapes = dict(_traced_shapes(owner, draw.__name__, index(first), index(batch_size)))  # pyright: ignore[reportFunctionMemberAccess]
        else:
            shapes = _shapes(draw, first, batch_size)
    for name, shape in shapes.items():
        _check_shape(draw, name, shape, first, batch_size)
    placed = {
        name: tensor.to(like) if tensor.is_floating_point() else tensor.to(like.device)
        for name, tensor in drawn.items()
    }
    moving = {name for name, shape in shapes.items() if shape[:1] == (first,)}
    return StepInputs(
        {name: tensor for name, tensor in placed.items() if name in moving},
        {name: tensor for name, tensor in placed.items() if name not in moving},
    )


def _shapes(draw: Draw, num_steps: int, batch_size: int) -> dict[str, tuple[int, ...]]:
    with torch.random.fork_rng(), keep_buffers(getattr(draw, "__self__", None)):
        return {name: tuple(tensor.shape) for name, tensor in draw(num_steps, batch_size).items()}


def _traced_shapes(owner: object, method: str, *sizes: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple(_shapes(getattr(owner, method), *sizes).items())


_traced_shapes._dynamo_marked_constant = True  # pyright: ignore[reportFunctionMemberAccess] - a trace runs it


def _check_drawn(draw: Draw, drawn: object, like: Tensor) -> None:
    if not isinstance(drawn, Mapping):
        raise DtypeError(f"`{_name(draw)}` must return a dict of tensors, but it returned {_kind(drawn)}.")
    for name, tensor in drawn.items():
        if not isinstance(tensor, Tensor) or tensor.is_nested or tensor.layout is not torch.strided:
            raise DtypeError(
                f"`{_name(draw)}()[{name!r}]` must be a dense tensor, but it is {_kind(tensor)}."
            )
        if tensor.is_meta and not like.is_meta:
            raise DeviceError(f"`{_name(draw)}()[{name!r}]` must be on {like.device}, but it is on meta.")


def _check_shape(draw: Draw, name: str, shape: tuple[int, ...], num_steps: int, batch_size: int) -> None:
    is_moving = shape[:1] == (num_steps,) and (len(shape) == 1 or shape[1] == batch_size)
    if not is_moving and shape[:1] != (batch_size,):
        raise ShapeError(
            f"`{_name(draw)}()[{name!r}]` must have shape (T, N, ...), (N, ...) or (T,) with "
            f"T={num_steps} and N={batch_size}, but it has shape {tuple(shape)}."
        )


def _name(draw: Draw) -> str:
    return getattr(draw, "__qualname__", "step_inputs").split("<locals>.")[-1]


def _kind(value: object) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return "a nested one" if value.is_nested else f"one of {value.layout}"
