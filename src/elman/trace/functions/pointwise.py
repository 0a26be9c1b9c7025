"""Pointwise functions, operators and methods."""
# ruff: noqa: A002  # arguments have the names that torch gives them

from typing import Any

from elman.trace.functions.axes import align, as_value
from elman.trace.functions.table import lowers
from elman.trace.lowering import Lowering, Operand
from elman.trace.refusals import unknown_function

UNARY = {
    "sigmoid": "sigmoid expit special_expit",
    "tanh": "tanh",
    "exp": "exp special_exp",
    "log": "log",
    "log1p": "log1p special_log1p",
    "expm1": "expm1 special_expm1",
    "sqrt": "sqrt",
    "rsqrt": "rsqrt",
    "abs": "abs absolute __abs__",
    "sign": "sign sgn",
    "neg": "neg negative __neg__",
    "reciprocal": "reciprocal",
    "sin": "sin",
    "cos": "cos",
    "erf": "erf special_erf",
    "floor": "floor",
    "ceil": "ceil",
}
BINARY = {
    "mul": "mul multiply __mul__ __rmul__",
    "maximum": "maximum",
    "minimum": "minimum",
}
COMPARISONS = {
    "eq": "eq __eq__",
    "ne": "ne not_equal __ne__",
    "lt": "lt less __lt__",
    "le": "le less_equal __le__",
    "gt": "gt greater __gt__",
    "ge": "ge greater_equal __ge__",
}
LOGICAL = {
    "logical_and": "logical_and bitwise_and __and__ __rand__",
    "logical_or": "logical_or bitwise_or __or__ __ror__",
    "logical_xor": "logical_xor bitwise_xor __xor__ __rxor__",
}


def numbers(lowering: Lowering, name: str, *operands: Any) -> list[int]:
    """Return the values of tensors and numbers, aligned, conditions as 0 and 1."""
    return [lowering.real(value) for value in align(lowering, name, *operands)]


def _enter_unary(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(lowering: Lowering, input: Operand) -> int:
        return lowering.add(op, lowering.real(input.value))


def _enter_binary(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(lowering: Lowering, input: Any, other: Any) -> int:
        return lowering.add(op, *numbers(lowering, op, input, other))


def _enter_comparison(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(lowering: Lowering, input: Any, other: Any) -> int:
        left, right = align(lowering, op, input, other)
        if lowering.builder.type_of(left).dtype != lowering.builder.type_of(right).dtype:
            left, right = lowering.real(left), lowering.real(right)
        return lowering.add(op, left, right)


def _enter_logical(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(lowering: Lowering, input: Any, other: Any) -> int:
        left, right = align(lowering, op, input, other)
        return lowering.add(op, condition(lowering, left), condition(lowering, right))


for enter, rows in (
    (_enter_unary, UNARY),
    (_enter_binary, BINARY),
    (_enter_comparison, COMPARISONS),
    (_enter_logical, LOGICAL),
):
    for op, names in rows.items():
        enter(op, names)


def condition(lowering: Lowering, value: int) -> int:
    """Make a number a condition: whether it is not 0; leave a condition as it is."""
    if lowering.builder.type_of(value).dtype == "boolean":
        return value
    return lowering.add("ne", value, lowering.constant(0.0))


@lowers("add", "__add__", "__radd__")
def add(lowering: Lowering, input: Any, other: Any, *, alpha: float = 1) -> int:
    """Input + alpha * other."""
    left, right = numbers(lowering, "add", input, other)
    return lowering.add("add", left, scaled(lowering, right, alpha))


@lowers("sub", "subtract", "__sub__")
def subtract(lowering: Lowering, input: Any, other: Any, *, alpha: float = 1) -> int:
    """Input - alpha * other."""
    left, right = numbers(lowering, "sub", input, other)
    return lowering.add("sub", left, scaled(lowering, right, alpha))


@lowers("rsub", "__rsub__")
def reverse_subtract(lowering: Lowering, input: Any, other: Any, *, alpha: float = 1) -> int:
    """Other - alpha * input."""
    return subtract(lowering, other, input, alpha=alpha)


@lowers("div", "divide", "true_divide", "__div__", "__truediv__")
def divide(lowering: Lowering, input: Any, other: Any, *, rounding_mode: str | None = None) -> int:
    """Input / other."""
    if rounding_mode is not None:
        raise unknown_function(f"div(rounding_mode={rounding_mode!r})")
    return lowering.add("div", *numbers(lowering, "div", input, other))


@lowers("__rdiv__", "__rtruediv__")
def reverse_divide(lowering: Lowering, input: Operand, other: Any) -> int:
    """Other / input, which torch computes as reciprocal times number."""
    inverse = lowering.add("reciprocal", lowering.real(input.value))
    return lowering.add("mul", inverse, as_value(lowering, other, "div"))


@lowers("__rpow__")
def reverse_power(lowering: Lowering, input: Operand, other: Any) -> int:
    """Other ** input."""
    return lowering.add("pow", *numbers(lowering, "pow", other, input))


@lowers("pow", "__pow__", "float_power")
def power(lowering: Lowering, input: Any, exponent: Any) -> int:
    """Input ** exponent."""
    if isinstance(input, Operand) and isinstance(exponent, int | float):
        return lowering.add("power", lowering.real(input.value), exponent=float(exponent))
    return lowering.add("pow", *numbers(lowering, "pow", input, exponent))


@lowers("square")
def square(lowering: Lowering, input: Operand) -> int:
    """Input times itself."""
    return power(lowering, input, 2)


@lowers("logical_not", "bitwise_not", "__invert__")
def invert(lowering: Lowering, input: Operand) -> int:
    """Not input."""
    return lowering.add("logical_not", condition(lowering, input.value))


@lowers("where")
def where(lowering: Lowering, condition: Operand, input: Any, other: Any) -> int:
    """Input where the condition holds, other elsewhere; x.where(condition, other) has x as its first."""
    if lowering.builder.type_of(condition.value).dtype == "real":
        condition, input = input, condition
    choice, *values = align(lowering, "where", condition, input, other)
    kinds = {lowering.builder.type_of(value).dtype for value in values}
    return lowering.add("where", choice, *(map(lowering.real, values) if len(kinds) > 1 else values))


@lowers("masked_fill")
def masked_fill(lowering: Lowering, input: Operand, mask: Operand, value: Any) -> int:
    """Value where the mask holds, input elsewhere."""
    return where(lowering, mask, value, input)


@lowers("clamp", "clip")
def clamp(lowering: Lowering, input: Operand, min: Any = None, max: Any = None) -> int:
    """Input, not below min, not above max."""
    if isinstance(min, Operand) or isinstance(max, Operand):
        raise unknown_function("clamp with tensors as bounds")
    low = float("-inf") if min is None else float(min)
    high = float("inf") if max is None else float(max)
    return lowering.add("clamp", input.value, min=low, max=high)


@lowers("clamp_min")
def clamp_min(lowering: Lowering, input: Operand, min: Any) -> int:
    """Input, not below min."""
    return clamp(lowering, input, min=min)


@lowers("clamp_max")
def clamp_max(lowering: Lowering, input: Operand, max: Any) -> int:
    """Input, not above max."""
    return clamp(lowering, input, max=max)


@lowers("addcmul", is_exact=False)
def add_product(lowering: Lowering, input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> int:
    """Input + value * tensor1 * tensor2."""
    start, left, right = numbers(lowering, "addcmul", input, tensor1, tensor2)
    return lowering.add("add", start, scaled(lowering, lowering.add("mul", left, right), value))


@lowers("addcdiv", is_exact=False)
def add_quotient(lowering: Lowering, input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> int:
    """Input + value * tensor1 / tensor2."""
    start, left, right = numbers(lowering, "addcdiv", input, tensor1, tensor2)
    return lowering.add("add", start, scaled(lowering, lowering.add("div", left, right), value))


@lowers("lerp", is_exact=False)
def lerp(lowering: Lowering, input: Any, end: Any, weight: Any) -> int:
    """Input + weight * (end - input)."""
    start, stop, share = numbers(lowering, "lerp", input, end, weight)
    return lowering.add("add", start, lowering.add("mul", share, lowering.add("sub", stop, start)))


def scaled(lowering: Lowering, value: int, factor: float) -> int:
    """Multiply by a number, unless it is 1."""
    if factor == 1:
        return value
    lowering.is_exact = False
    return lowering.add("mul", value, lowering.constant(factor))
