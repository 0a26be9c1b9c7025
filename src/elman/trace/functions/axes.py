"""Axes as torch counts them -> feature axes, and operands of different shapes -> one shape."""

import math
from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.merge import ROWS
from elman.trace.refusals import depends_on_row_count, mixes_rows, unknown_function


def feature_axis(operand: Operand, dim: int, name: str, rank: int | None = None) -> int:
    """Return which feature axis the torch axis `dim` is.

    Args:
        operand: The tensor.
        dim: An axis; negative ones count from the end.
        name: The torch function, for the message.
        rank: Number of axes that `dim` counts; those of the operand without it.

    Raises:
        Refusal: It is the row axis.
    """
    dim = dim % (rank or operand.rank or 1)
    if dim == operand.row:
        raise mixes_rows(name)
    return dim - (operand.row is not None and dim > operand.row)


def feature_axes(operand: Operand, dim: Any, name: str) -> tuple[int, ...]:
    """Return the feature axes, ascending, for one axis or several; None is all, the rows among them."""
    if dim is None or dim == ():
        dim = tuple(range(operand.rank))
    dims = dim if isinstance(dim, tuple) else (dim,)
    return tuple(sorted(feature_axis(operand, axis, name) for axis in dims))


def as_value(context: Context, operand: Any, name: str) -> int:
    """Return the value of a tensor or Python number."""
    if isinstance(operand, Operand):
        return operand.value
    if operand is ROWS:
        raise depends_on_row_count(name)
    if not isinstance(operand, int | float):
        raise unknown_function(name)
    return context.constant(operand)


def align(context: Context, name: str, *operands: Any) -> list[int]:
    """Return the values of the operands, all of one shape, or scalars that are the same for every row.

    Args:
        context: Where nodes are added.
        name: The torch function, for the message.
        operands: Tensors and numbers that torch would broadcast.

    Raises:
        Refusal: The row axis of one would meet a feature axis of another.
    """
    from_end = {operand.rank - operand.row for operand in operands if _has_rows(operand)}
    if len(from_end) > 1:
        raise mixes_rows(name)
    values = [_without_row_axis(context, name, operand, *from_end) for operand in operands]
    shape = broadcast_shapes(*map(context.shape_of, values))
    return [value if context.shape_of(value) == () else context.broadcast(value, shape) for value in values]


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which torch broadcasts feature shapes; they are known to fit."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(next((size for size in sizes if size != 1), 1) for sizes in zip(*padded, strict=True))


def _has_rows(operand: Any) -> bool:
    return isinstance(operand, Operand) and operand.row is not None


def _without_row_axis(context: Context, name: str, operand: Any, from_end: float = math.inf) -> int:
    """Return the value; a parameter of shape (1, H) loses the axis in the rows' place."""
    value = as_value(context, operand, name)
    if not isinstance(operand, Operand) or operand.row is not None or operand.rank < from_end:
        return value
    axis = operand.rank - int(from_end)
    if operand.shape[axis] != 1:
        raise mixes_rows(name)
    return context.reshape(value, operand.shape[:axis] + operand.shape[axis + 1 :])
