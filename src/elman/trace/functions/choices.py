"""Functions of several tensors that are more than one op: choices, bounds, weighted sums."""
# ruff: noqa: A002  # arguments have the names that torch gives them

from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import align
from elman.trace.functions.pointwise import numbers, scaled
from elman.trace.functions.table import lowers
from elman.trace.refusals import unknown_function


@lowers("where")
def where(context: Context, condition: Operand, input: Any, other: Any) -> int:
    """Input where the condition holds, other elsewhere; x.where(condition, other) has x as its first."""
    if context.type_of(condition.value).dtype == "real":
        condition, input = input, condition
    choice, *values = align(context, "where", condition, input, other)
    kinds = {context.type_of(value).dtype for value in values}
    return context.add("where", choice, *(map(context.real, values) if len(kinds) > 1 else values))


@lowers("masked_fill")
def masked_fill(context: Context, input: Operand, mask: Operand, value: Any) -> int:
    """Value where the mask holds, input elsewhere."""
    return where(context, mask, value, input)


@lowers("clamp", "clip")
def clamp(context: Context, input: Operand, min: Any = None, max: Any = None) -> int:
    """Input, not below min, not above max."""
    if isinstance(min, Operand) or isinstance(max, Operand):
        raise unknown_function("clamp with tensors as bounds")
    low = float("-inf") if min is None else float(min)
    high = float("inf") if max is None else float(max)
    return context.add("clamp", input.value, min=low, max=high)


@lowers("clamp_min")
def clamp_min(context: Context, input: Operand, min: Any) -> int:
    """Input, not below min."""
    return clamp(context, input, min=min)


@lowers("clamp_max")
def clamp_max(context: Context, input: Operand, max: Any) -> int:
    """Input, not above max."""
    return clamp(context, input, max=max)


@lowers("addcmul", is_exact=False)
def add_product(context: Context, input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> int:
    """Input + value * tensor1 * tensor2."""
    start, left, right = numbers(context, "addcmul", input, tensor1, tensor2)
    return context.add("add", start, scaled(context, context.add("mul", left, right), value))


@lowers("addcdiv", is_exact=False)
def add_quotient(context: Context, input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> int:
    """Input + value * tensor1 / tensor2."""
    start, left, right = numbers(context, "addcdiv", input, tensor1, tensor2)
    return context.add("add", start, scaled(context, context.add("div", left, right), value))


@lowers("lerp", is_exact=False)
def lerp(context: Context, input: Any, end: Any, weight: Any) -> int:
    """Input + weight * (end - input)."""
    start, stop, share = numbers(context, "lerp", input, end, weight)
    return context.add("add", start, context.add("mul", share, context.add("sub", stop, start)))
