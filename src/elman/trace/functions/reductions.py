"""Reductions over feature axes that are one op each."""
# Signatures are those of torch, whatever of them is needed.

from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import feature_axes
from elman.trace.functions.pointwise import numbers
from elman.trace.functions.table import lowers
from elman.trace.refusals import unknown_function

Axes = tuple[int, ...]


def reduce(context: Context, op: str, value: int, axes: Axes, keepdim: bool = False) -> int:
    """Reduce feature axes; with `keepdim` they stay, of size 1."""
    shape = context.shape_of(value)
    reduced = context.add(op, value, axes=axes) if axes else value
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return context.reshape(reduced, kept) if keepdim else reduced


def spread(context: Context, op: str, value: int, axes: Axes) -> int:
    """Reduce feature axes, and repeat the result over them."""
    return context.broadcast(reduce(context, op, value, axes, keepdim=True), context.shape_of(value))


def _enter(op: str) -> None:
    @lowers(op)
    def lower(context: Context, input: Operand, dim: Any = None, keepdim: bool = False) -> int:
        axes = feature_axes(input, dim, op)
        return reduce(context, op, context.real(input.value), axes, keepdim)


for op in ("sum", "mean", "amax", "amin"):
    _enter(op)


def _enter_extreme(op: str, of_two: str) -> None:
    @lowers(op)
    def lower(
        context: Context, input: Operand, dim: Any = None, keepdim: bool = False, *, other: Any = None
    ) -> Any:
        second = dim if isinstance(dim, Operand) else other
        if second is not None:
            return context.add(of_two, *numbers(context, op, input, second))
        axes = feature_axes(input, dim, op)
        if dim is None or len(axes) != 1:
            raise unknown_function(f"{op} over all axes")
        return [reduce(context, op, input.value, axes, keepdim), None]  # the indices are integers


_enter_extreme("max", "maximum")
_enter_extreme("min", "minimum")
