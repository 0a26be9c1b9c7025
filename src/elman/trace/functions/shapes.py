"""Functions that move and repeat features."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

import math
from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import feature_axis
from elman.trace.functions.table import lowers
from elman.trace.refusals import mixes_rows, unknown_function


@lowers(
    "reshape", "view", "flatten", "ravel", "unflatten", "unsqueeze", "squeeze", "view_as", "reshape_as",
    "atleast_2d",
)  # fmt: skip
def reshape(context: Context, input: Operand, *args: Any, **kwargs: Any) -> int:
    """The same elements in the same order; what stands before the row axis stays before it."""
    (result,) = context.results
    if input.row is None or result.row is None:
        raise unknown_function("reshape")
    if math.prod(input.shape[: input.row]) != math.prod(result.shape[: result.row]):
        raise mixes_rows("reshape")
    return context.reshape(input.value, result.shape)


@lowers("expand", "expand_as", "broadcast_to")
def expand(context: Context, input: Operand, *args: Any, **kwargs: Any) -> int:
    """Sizes of 1 are repeated; a parameter is repeated for each row."""
    (result,) = context.results
    if result.row is None:
        return context.broadcast(input.value, result.shape)
    from_end = len(result.shape) + 1 - result.row
    if input.row is not None:
        if input.rank - input.row != from_end:
            raise mixes_rows("expand")
        return context.broadcast(input.value, result.shape)
    axis = input.rank - from_end
    shape = input.shape if axis < 0 else input.shape[:axis] + input.shape[axis + 1 :]
    value = context.reshape(input.value, shape)
    return context.add("broadcast", value, shape=result.shape, rows=True)


def permute_axes(context: Context, input: Operand, order: tuple[int, ...]) -> int:
    """Reorder the axes of torch; the rows may stand anywhere, so theirs is left out."""
    return context.transpose(
        input.value, tuple(feature_axis(input, dim, "permute") for dim in order if dim != input.row)
    )


@lowers("permute")
def permute(context: Context, input: Operand, *dims: Any) -> int:
    """Axis k of the result is axis dims[k]."""
    order = dims[0] if isinstance(dims[0], tuple) else dims
    return permute_axes(context, input, tuple(dim % input.rank for dim in order))


@lowers("transpose", "swapaxes", "swapdims")
def transpose(context: Context, input: Operand, dim0: int, dim1: int) -> int:
    """Two axes change places."""
    order = list(range(input.rank))
    dim0, dim1 = dim0 % input.rank, dim1 % input.rank
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute_axes(context, input, tuple(order))


@lowers("T", "t", "numpy_T")
def transpose_all(context: Context, input: Operand) -> int:
    """All axes in reverse."""
    return permute_axes(context, input, tuple(reversed(range(input.rank))))


@lowers("mT", "mH", "adjoint", "H")
def transpose_last(context: Context, input: Operand) -> int:
    """The last two axes change places."""
    return transpose(context, input, -1, -2)


@lowers("movedim", "moveaxis")
def move_axis(context: Context, input: Operand, source: int, destination: int) -> int:
    """One axis is taken out and put in elsewhere."""
    order = [dim for dim in range(input.rank) if dim != source % input.rank]
    order.insert(destination % input.rank, source % input.rank)
    return permute_axes(context, input, tuple(order))
