"""Views of memory: what slices, reshapes, transpositions and broadcasts do to strides."""

import math
from collections.abc import Mapping
from typing import Any

from elman.ir import View

Shape = tuple[int, ...]


def contiguous(shape: Shape) -> Shape:
    """Return the strides of numbers side by side, the last axis fastest."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def view_of(op: str, view: View, shape: Shape, attributes: Mapping[str, Any]) -> View | None:
    """Return where the result of a view lies, None if it takes a copy.

    Args:
        op: "slice", "reshape", "transpose" or "broadcast".
        view: Where its operand lies.
        shape: The operand's shape.
        attributes: Those of the op.
    """
    return VIEWS[op](view, shape, **attributes)


def _slice(view: View, _: Shape, *, axis: int, start: int, step: int, **_stop: int) -> View:
    strides = list(view.strides)
    offset = view.offset + start * strides[axis]
    strides[axis] *= step
    return view._replace(offset=offset, strides=tuple(strides))


def _transpose(view: View, _: Shape, *, axes: Shape) -> View:
    return view._replace(strides=tuple(view.strides[axis] for axis in axes))


def _broadcast(view: View, old: Shape, *, shape: Shape, **_rows: bool) -> View:
    new = len(shape) - len(old)
    strides = [0] * new
    for size, wanted, stride in zip(old, shape[new:], view.strides, strict=True):
        strides.append(stride if size == wanted else 0)
    return view._replace(strides=tuple(strides))


def _reshape(view: View, old: Shape, *, shape: Shape) -> View | None:
    """Numbers side by side may take any shape; otherwise only axes of size 1 come and go."""
    long = [(size, stride) for size, stride in zip(old, view.strides, strict=True) if size > 1]
    if all(stride == wanted for (_, stride), wanted in zip(long, _packed(long), strict=True)):
        return view._replace(strides=contiguous(shape))
    if [size for size, _ in long] != [size for size in shape if size > 1]:
        return None
    left = iter(stride for _, stride in long)
    return view._replace(strides=tuple(next(left) if size > 1 else 0 for size in shape))


def _packed(long: list[tuple[int, int]]) -> Shape:
    return contiguous(tuple(size for size, _ in long))


VIEWS = {"slice": _slice, "reshape": _reshape, "transpose": _transpose, "broadcast": _broadcast}
