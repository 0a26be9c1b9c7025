"""Derivatives of products, reductions, views and marks."""

import math
from collections.abc import Sequence

from elman.passes.derivatives.row import Row
from elman.passes.derivatives.value import Value

Axes = tuple[int, ...]


def _vector(g: Value, _: Value, _vector: Value, weight: Value, *_bias: Value) -> Value:
    axes = (*range(len(weight.shape) - 2), len(weight.shape) - 1, len(weight.shape) - 2)
    op = "linear" if len(axes) == 2 else "block_linear"
    return g.apply(op, weight.apply("transpose", axes=axes))


def _weight(g: Value, _: Value, vector: Value, weight: Value, *_bias: Value) -> Value:
    """One outer product a row: for a weight that is no parameter, and changes from step to step."""
    left, right = g.reshape((*g.shape, 1)), vector.reshape((*vector.shape[:-1], 1, vector.shape[-1]))
    shape = (*g.shape, vector.shape[-1])
    outer = left.apply("broadcast", shape=shape, rows=False) * right.apply(
        "broadcast", shape=shape, rows=False
    )
    return _sum_leading(outer, len(weight.shape))


def _bias(g: Value, *_: Value) -> Value:
    return _sum_leading(g, 1)


def _sum_leading(value: Value, rank: int) -> Value:
    axes = tuple(range(len(value.shape) - rank))
    return value.apply("sum", axes=axes) if axes else value


def _mean(g: Value, _: Value, x: Value, *, axes: Axes) -> Value:
    return g.spread(x.shape, axes) / math.prod(x.shape[axis] for axis in axes)


def _shared_extreme(g: Value, y: Value, x: Value, *, axes: Axes) -> Value:
    """All that tie have equal parts."""
    ties = x.equals(y.spread(x.shape, axes)).apply("to_real")
    return g.spread(x.shape, axes) * ties / ties.apply("sum", axes=axes).spread(x.shape, axes)


def _first_extreme(g: Value, y: Value, x: Value, *, axes: Axes) -> Value:
    """The first of those that tie has it all; NaN ties with NaN."""
    (axis,), size = axes, x.shape[axes[0]]
    ties = x.equals(y.spread(x.shape, axes)).apply("logical_or", x.apply("ne", x))
    earlier, reach = _shift(ties.apply("to_real"), axis, 1), 1
    while reach < size - 1:
        earlier, reach = earlier.apply("maximum", _shift(earlier, axis, reach)), 2 * reach
    return (ties & earlier.equals(0.0)).where(g.spread(x.shape, axes), 0.0)


def _shift(value: Value, axis: int, distance: int) -> Value:
    size = value.shape[axis]
    if distance >= size:
        return value.zeros(value.shape)
    return value.cut(axis, 0, size - distance).pad(axis, distance, 0)


def _slice(g: Value, _: Value, x: Value, *, axis: int, start: int, step: int, **_stop: int) -> Value:
    if step > 1:
        g = _interleave(g, axis, step)
    after = x.shape[axis] - start - g.shape[axis]
    g = g if after >= 0 else g.cut(axis, 0, g.shape[axis] + after)
    return g.pad(axis, start, max(after, 0))


def _interleave(g: Value, axis: int, step: int) -> Value:
    """Put step - 1 zeros after each number."""
    before, size, rest = g.shape[:axis], g.shape[axis], g.shape[axis + 1 :]
    apart = g.reshape((*before, size, 1, *rest)).pad(axis + 1, 0, step - 1)
    return apart.reshape((*before, size * step, *rest))


def _broadcast(g: Value, _: Value, x: Value, *, shape: tuple[int, ...], **_rows: bool) -> Value:
    new = len(shape) - len(x.shape)
    axes = tuple(axis for axis, size in enumerate(shape) if axis < new or x.shape[axis - new] != size)
    return (g.apply("sum", axes=axes) if axes else g).reshape(x.shape)


def _transpose(g: Value, _: Value, _x: Value, *, axes: Axes) -> Value:
    return g.apply("transpose", axes=tuple(axes.index(axis) for axis in range(len(axes))))


def part_of_concat(place: int) -> Row:
    """Return the formula for one operand of concat.

    Args:
        place: Which operand.
    """

    def part(g: Value, _: Value, *parts: Value, axis: int) -> Value:
        begin = _total(parts[:place], axis)
        return g.cut(axis, begin, begin + parts[place].shape[axis])

    return part


def _total(parts: Sequence[Value], axis: int) -> int:
    return sum(part.shape[axis] for part in parts)


PRODUCTS: dict[str, tuple[Row, ...]] = {
    "linear": (_vector, _weight, _bias),
    "block_linear": (_vector, _weight),
}
REDUCTIONS: dict[str, Row] = {
    "sum": lambda g, y, x, axes: g.spread(x.shape, axes),
    "mean": _mean,
    "amax": _shared_extreme,
    "amin": _shared_extreme,
    "max": _first_extreme,
    "min": _first_extreme,
}
VIEWS: dict[str, Row] = {
    "slice": _slice,
    "reshape": lambda g, y, x, shape: g.reshape(x.shape),
    "transpose": _transpose,
    "broadcast": _broadcast,
}
MARKS: dict[str, Row] = {
    "observe": lambda g, y, x, name: g,
    "clip_gradient": lambda g, y, x, limit: g.apply("clamp", min=-limit, max=limit),
}
