"""Functions that move, cut and join features."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

import math
from typing import Any

from elman.trace.functions.axes import feature_axis
from elman.trace.functions.table import lowers
from elman.trace.lowering import Lowering, Operand
from elman.trace.merge import ROWS
from elman.trace.refusals import mixes_rows, unknown_function

WHOLE = ((None, None, None), (0, None, None), (None, ROWS, None), (0, ROWS, None), (None, None, 1))


@lowers(
    "reshape", "view", "flatten", "ravel", "unflatten", "unsqueeze", "squeeze", "view_as", "reshape_as",
    "atleast_2d",
)  # fmt: skip
def reshape(lowering: Lowering, input: Operand, *args: Any, **kwargs: Any) -> int:
    """The same elements in the same order; what stands before the row axis stays before it."""
    (result,) = lowering.results
    if input.row is None or result.row is None:
        raise unknown_function("reshape")
    if math.prod(input.shape[: input.row]) != math.prod(result.shape[: result.row]):
        raise mixes_rows("reshape")
    return lowering.reshape(input.value, result.shape)


@lowers("expand", "expand_as", "broadcast_to")
def expand(lowering: Lowering, input: Operand, *args: Any, **kwargs: Any) -> int:
    """Sizes of 1 are repeated; a parameter is repeated for each row."""
    (result,) = lowering.results
    if result.row is None:
        return lowering.broadcast(input.value, result.shape)
    from_end = len(result.shape) + 1 - result.row
    if input.row is not None:
        if input.rank - input.row != from_end:
            raise mixes_rows("expand")
        return lowering.broadcast(input.value, result.shape)
    axis = input.rank - from_end
    shape = input.shape if axis < 0 else input.shape[:axis] + input.shape[axis + 1 :]
    value = lowering.reshape(input.value, shape)
    return lowering.add("broadcast", value, shape=result.shape, rows=True)


def permute_axes(lowering: Lowering, input: Operand, order: tuple[int, ...]) -> int:
    """Reorder the axes of torch; the rows may stand anywhere, so theirs is left out."""
    return lowering.transpose(
        input.value, tuple(feature_axis(input, dim, "permute") for dim in order if dim != input.row)
    )


@lowers("permute")
def permute(lowering: Lowering, input: Operand, *dims: Any) -> int:
    """Axis k of the result is axis dims[k]."""
    order = dims[0] if isinstance(dims[0], tuple) else dims
    return permute_axes(lowering, input, tuple(dim % input.rank for dim in order))


@lowers("transpose", "swapaxes", "swapdims")
def transpose(lowering: Lowering, input: Operand, dim0: int, dim1: int) -> int:
    """Two axes change places."""
    order = list(range(input.rank))
    dim0, dim1 = dim0 % input.rank, dim1 % input.rank
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute_axes(lowering, input, tuple(order))


@lowers("T", "t", "numpy_T")
def transpose_all(lowering: Lowering, input: Operand) -> int:
    """All axes in reverse."""
    return permute_axes(lowering, input, tuple(reversed(range(input.rank))))


@lowers("mT", "mH", "adjoint", "H")
def transpose_last(lowering: Lowering, input: Operand) -> int:
    """The last two axes change places."""
    return transpose(lowering, input, -1, -2)


@lowers("movedim", "moveaxis")
def move_axis(lowering: Lowering, input: Operand, source: int, destination: int) -> int:
    """One axis is taken out and put in elsewhere."""
    order = [dim for dim in range(input.rank) if dim != source % input.rank]
    order.insert(destination % input.rank, source % input.rank)
    return permute_axes(lowering, input, tuple(order))


def _consecutive_parts(lowering: Lowering, input: Operand, dim: int) -> list[int | None]:
    """Cut one axis into as many and as long parts as torch did."""
    axis = feature_axis(input, dim, "split")
    parts, start = [], 0
    for result in lowering.results:
        stop = start + result.shape[axis]
        parts.append(_slice(lowering, input.value, axis, start, stop))
        start = stop
    return parts


@lowers("split")
def split(
    lowering: Lowering,
    input: Operand,
    split_size_or_sections: Any = None,
    dim: int = 0,
    *,
    split_size: Any = None,
) -> list[int | None]:
    """Parts of a size, or of several; the method calls it split_size, the function split_size_or_sections."""
    return _consecutive_parts(lowering, input, dim)


@lowers("split_with_sizes")
def split_with_sizes(lowering: Lowering, input: Operand, split_sizes: Any, dim: int = 0) -> list[int | None]:
    """Parts of several sizes."""
    return _consecutive_parts(lowering, input, dim)


@lowers("tensor_split")
def tensor_split(
    lowering: Lowering,
    input: Operand,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    indices: Any = None,
    sections: Any = None,
) -> list[int | None]:
    """So many parts, or parts that start at the indices."""
    return _consecutive_parts(lowering, input, dim)


@lowers("chunk")
def chunk(lowering: Lowering, input: Operand, chunks: int, dim: int = 0) -> list[int | None]:
    """So many parts."""
    return _consecutive_parts(lowering, input, dim)


@lowers("unbind")
def unbind(lowering: Lowering, input: Operand, dim: int = 0) -> list[int | None]:
    """Every place along one axis, without that axis."""
    axis = feature_axis(input, dim, "unbind")
    return [_select(lowering, input.value, axis, place) for place in range(input.shape[axis])]


@lowers("select")
def select(lowering: Lowering, input: Operand, dim: int, index: int) -> int:
    """One place along one axis, without that axis."""
    axis = feature_axis(input, dim, "select")
    return _select(lowering, input.value, axis, index % input.shape[axis])


@lowers("narrow")
def narrow(lowering: Lowering, input: Operand, dim: int, start: int, length: int) -> int:
    """A range along one axis."""
    axis = feature_axis(input, dim, "narrow")
    start = start % input.shape[axis]
    return _slice(lowering, input.value, axis, start, start + length)


@lowers("__getitem__")
def get_item(lowering: Lowering, input: Operand, index: Any) -> int:
    """Places and ranges of features; `None` and `...` as in torch."""
    (result,) = lowering.results
    value, dim = input.value, 0
    for item in _without_ellipsis(index if isinstance(index, tuple) else (index,), input.rank):
        if item is None:
            continue
        if dim != input.row:
            value = _cut(lowering, value, feature_axis(input, dim, "indexing"), item)
        elif not isinstance(item, slice) or (item.start, item.stop, item.step) not in WHOLE:
            raise mixes_rows("indexing")
        dim += 1
    return lowering.reshape(value, result.shape)


def _without_ellipsis(index: tuple[Any, ...], rank: int) -> list[Any]:
    items = list(index)
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    place = places[0] if places else len(items)
    missing = rank - sum(item is not None and item is not Ellipsis for item in items)
    items[place : place + 1] = [slice(None)] * missing
    return items


def _cut(lowering: Lowering, value: int, axis: int, item: Any) -> int:
    size = lowering.shape_of(value)[axis]
    if isinstance(item, slice):
        ends = (item.start, item.stop, item.step)
        if any(not isinstance(end, int | None) for end in ends):
            raise unknown_function("indexing with tensors")
        return _slice(lowering, value, axis, *item.indices(size))
    if type(item) is not int:
        raise unknown_function("indexing with a tensor, list or condition")
    return _slice(lowering, value, axis, item % size, item % size + 1)


def _slice(lowering: Lowering, value: int, axis: int, start: int, stop: int, step: int = 1) -> int:
    if (start, stop, step) == (0, lowering.shape_of(value)[axis], 1):
        return value
    if start >= stop:
        raise unknown_function("slice without elements")
    return lowering.add("slice", value, axis=axis, start=start, stop=stop, step=step)


def _select(lowering: Lowering, value: int, axis: int, place: int) -> int:
    shape = lowering.shape_of(value)
    part = _slice(lowering, value, axis, place, place + 1)
    return lowering.reshape(part, shape[:axis] + shape[axis + 1 :])


@lowers("cat", "concat", "concatenate")
def concatenate(lowering: Lowering, tensors: tuple[Operand, ...], dim: int = 0) -> int:
    """Side by side along one axis."""
    axis = feature_axis(tensors[0], dim, "cat")
    return lowering.add("concat", *(_with_rows(tensor, "cat") for tensor in tensors), axis=axis)


@lowers("hstack", "column_stack")
def concatenate_features(lowering: Lowering, tensors: tuple[Operand, ...]) -> int:
    """Side by side along axis 1."""
    return concatenate(lowering, tensors, 1)


@lowers("stack")
def stack(lowering: Lowering, tensors: tuple[Operand, ...], dim: int = 0) -> int:
    """Side by side along a new axis."""
    first = tensors[0]
    place = dim % (first.rank + 1)
    if place <= (first.row or 0):
        raise mixes_rows("stack")
    axis = place - 1
    shape = (*first.shape[:axis], 1, *first.shape[axis:])
    values = [lowering.reshape(_with_rows(tensor, "stack"), shape) for tensor in tensors]
    return lowering.add("concat", *values, axis=axis)


def _with_rows(tensor: Operand, name: str) -> int:
    if tensor.row is None:
        raise unknown_function(f"{name} of a parameter that is not expanded to all rows")
    return tensor.value


@lowers("repeat", "tile")
def repeat(lowering: Lowering, input: Operand, *repeats: Any, dims: Any = None) -> int:
    """Copies side by side."""
    counts = dims or (repeats[0] if isinstance(repeats[0], tuple) else repeats)
    if len(counts) != input.rank or input.row is None or counts[input.row] != 1:
        raise unknown_function("repeat with new axes, or of rows")
    value = input.value
    for dim, count in enumerate(counts):
        if count > 1:
            value = lowering.add("concat", *[value] * count, axis=feature_axis(input, dim, "repeat"))
    return value
