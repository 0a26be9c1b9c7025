"""Functions that cut features and join them."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import feature_axis
from elman.trace.functions.table import lowers
from elman.trace.merge import ROWS
from elman.trace.refusals import mixes_rows, unknown_function

WHOLE = ((None, None, None), (0, None, None), (None, ROWS, None), (0, ROWS, None), (None, None, 1))


def _consecutive_parts(context: Context, input: Operand, dim: int) -> list[int | None]:
    """Cut one axis into as many and as long parts as torch did."""
    axis = feature_axis(input, dim, "split")
    parts, start = [], 0
    for result in context.results:
        stop = start + result.shape[axis]
        parts.append(_slice(context, input.value, axis, start, stop))
        start = stop
    return parts


@lowers("split")
def split(
    context: Context,
    input: Operand,
    split_size_or_sections: Any = None,
    dim: int = 0,
    *,
    split_size: Any = None,
) -> list[int | None]:
    """Parts of a size, or of several; the method calls it split_size, the function split_size_or_sections."""
    return _consecutive_parts(context, input, dim)


@lowers("split_with_sizes")
def split_with_sizes(context: Context, input: Operand, split_sizes: Any, dim: int = 0) -> list[int | None]:
    """Parts of several sizes."""
    return _consecutive_parts(context, input, dim)


@lowers("tensor_split")
def tensor_split(
    context: Context,
    input: Operand,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    indices: Any = None,
    sections: Any = None,
) -> list[int | None]:
    """So many parts, or parts that start at the indices."""
    return _consecutive_parts(context, input, dim)


@lowers("chunk")
def chunk(context: Context, input: Operand, chunks: int, dim: int = 0) -> list[int | None]:
    """So many parts."""
    return _consecutive_parts(context, input, dim)


@lowers("unbind")
def unbind(context: Context, input: Operand, dim: int = 0) -> list[int | None]:
    """Every place along one axis, without that axis."""
    axis = feature_axis(input, dim, "unbind")
    return [_select(context, input.value, axis, place) for place in range(input.shape[axis])]


@lowers("select")
def select(context: Context, input: Operand, dim: int, index: int) -> int:
    """One place along one axis, without that axis."""
    axis = feature_axis(input, dim, "select")
    return _select(context, input.value, axis, index % input.shape[axis])


@lowers("narrow")
def narrow(context: Context, input: Operand, dim: int, start: int, length: int) -> int:
    """A range along one axis."""
    axis = feature_axis(input, dim, "narrow")
    start = start % input.shape[axis]
    return _slice(context, input.value, axis, start, start + length)


@lowers("__getitem__")
def get_item(context: Context, input: Operand, index: Any) -> int:
    """Places and ranges of features; `None` and `...` as in torch."""
    (result,) = context.results
    value, dim = input.value, 0
    for item in _without_ellipsis(index if isinstance(index, tuple) else (index,), input.rank):
        if item is None:
            continue
        if dim != input.row:
            value = _cut(context, value, feature_axis(input, dim, "indexing"), item)
        elif not isinstance(item, slice) or (item.start, item.stop, item.step) not in WHOLE:
            raise mixes_rows("indexing")
        dim += 1
    return context.reshape(value, result.shape)


def _without_ellipsis(index: tuple[Any, ...], rank: int) -> list[Any]:
    items = list(index)
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    place = places[0] if places else len(items)
    missing = rank - sum(item is not None and item is not Ellipsis for item in items)
    items[place : place + 1] = [slice(None)] * missing
    return items


def _cut(context: Context, value: int, axis: int, item: Any) -> int:
    size = context.shape_of(value)[axis]
    if isinstance(item, slice):
        ends = (item.start, item.stop, item.step)
        if any(not isinstance(end, int | None) for end in ends):
            raise unknown_function("indexing with tensors")
        return _slice(context, value, axis, *item.indices(size))
    if type(item) is not int:
        raise unknown_function("indexing with a tensor, list or condition")
    return _slice(context, value, axis, item % size, item % size + 1)


def _slice(context: Context, value: int, axis: int, start: int, stop: int, step: int = 1) -> int:
    if (start, stop, step) == (0, context.shape_of(value)[axis], 1):
        return value
    if start >= stop:
        raise unknown_function("slice without elements")
    return context.add("slice", value, axis=axis, start=start, stop=stop, step=step)


def _select(context: Context, value: int, axis: int, place: int) -> int:
    shape = context.shape_of(value)
    part = _slice(context, value, axis, place, place + 1)
    return context.reshape(part, shape[:axis] + shape[axis + 1 :])


@lowers("cat", "concat", "concatenate")
def concatenate(context: Context, tensors: tuple[Operand, ...], dim: int = 0) -> int:
    """Side by side along one axis."""
    axis = feature_axis(tensors[0], dim, "cat")
    return context.add("concat", *(_with_rows(tensor, "cat") for tensor in tensors), axis=axis)


@lowers("hstack", "column_stack")
def concatenate_features(context: Context, tensors: tuple[Operand, ...]) -> int:
    """Side by side along axis 1."""
    return concatenate(context, tensors, 1)


@lowers("stack")
def stack(context: Context, tensors: tuple[Operand, ...], dim: int = 0) -> int:
    """Side by side along a new axis."""
    first = tensors[0]
    place = dim % (first.rank + 1)
    axis = place - (first.row is not None and place > first.row)
    shape = (*first.shape[:axis], 1, *first.shape[axis:])
    values = [context.reshape(_with_rows(tensor, "stack"), shape) for tensor in tensors]
    return context.add("concat", *values, axis=axis)


def _with_rows(tensor: Operand, name: str) -> int:
    if tensor.row is None:
        raise unknown_function(f"{name} of a parameter that is not expanded to all rows")
    return tensor.value


@lowers("repeat", "tile")
def repeat(context: Context, input: Operand, *repeats: Any, dims: Any = None) -> int:
    """Copies side by side."""
    counts = dims or (repeats[0] if isinstance(repeats[0], tuple) else repeats)
    if len(counts) != input.rank or input.row is None or counts[input.row] != 1:
        raise unknown_function("repeat with new axes, or of rows")
    value = input.value
    for dim, count in enumerate(counts):
        if count > 1:
            value = context.add("concat", *[value] * count, axis=feature_axis(input, dim, "repeat"))
    return value
