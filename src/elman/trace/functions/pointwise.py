"""Pointwise functions, operators and methods."""
# arguments have the names that torch gives them

from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import align, as_value
from elman.trace.functions.table import lowers
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


def numbers(context: Context, name: str, *operands: Any) -> list[int]:
    """Return the values of tensors and numbers, aligned, conditions as 0 and 1."""
    return [context.real(value) for value in align(context, name, *operands)]


def _enter_unary(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(context: Context, input: Operand) -> int:
        return context.add(op, context.real(input.value))


def _enter_binary(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(context: Context, input: Any, other: Any) -> int:
        return context.add(op, *numbers(context, op, input, other))


def _enter_comparison(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(context: Context, input: Any, other: Any) -> int:
        left, right = align(context, op, input, other)
        if context.type_of(left).dtype != context.type_of(right).dtype:
            left, right = context.real(left), context.real(right)
        return context.add(op, left, right)


def _enter_logical(op: str, names: str) -> None:
    @lowers(*names.split())
    def lower(context: Context, input: Any, other: Any) -> int:
        left, right = align(context, op, input, other)
        return context.add(op, condition(context, left), condition(context, right))


for enter, rows in (
    (_enter_unary, UNARY),
    (_enter_binary, BINARY),
    (_enter_comparison, COMPARISONS),
    (_enter_logical, LOGICAL),
):
    for op, names in rows.items():
        enter(op, names)


def condition(context: Context, value: int) -> int:
    """Make a number a condition: whether it is not 0; leave a condition as it is."""
    if context.type_of(value).dtype == "boolean":
        return value
    return context.add("ne", value, context.constant(0.0))


@lowers("add", "__add__", "__radd__")
def add(context: Context, input: Any, other: Any, *, alpha: float = 1) -> int:
    """Input + alpha * other."""
    left, right = numbers(context, "add", input, other)
    return context.add("add", left, scaled(context, right, alpha))


@lowers("sub", "subtract", "__sub__")
def subtract(context: Context, input: Any, other: Any, *, alpha: float = 1) -> int:
    """Input - alpha * other."""
    left, right = numbers(context, "sub", input, other)
    return context.add("sub", left, scaled(context, right, alpha))


@lowers("rsub", "__rsub__")
def reverse_subtract(context: Context, input: Any, other: Any, *, alpha: float = 1) -> int:
    """Other - alpha * input."""
    return subtract(context, other, input, alpha=alpha)


@lowers("div", "divide", "true_divide", "__div__", "__truediv__")
def divide(context: Context, input: Any, other: Any, *, rounding_mode: str | None = None) -> int:
    """Input / other."""
    if rounding_mode is not None:
        raise unknown_function(f"div(rounding_mode={rounding_mode!r})")
    return context.add("div", *numbers(context, "div", input, other))


@lowers("__rdiv__", "__rtruediv__")
def reverse_divide(context: Context, input: Operand, other: Any) -> int:
    """Other / input, which torch computes as reciprocal times number."""
    inverse = context.add("reciprocal", context.real(input.value))
    return context.add("mul", inverse, as_value(context, other, "div"))


@lowers("__rpow__")
def reverse_power(context: Context, input: Operand, other: Any) -> int:
    """Other ** input."""
    return context.add("pow", *numbers(context, "pow", other, input))


@lowers("pow", "__pow__", "float_power")
def power(context: Context, input: Any, exponent: Any) -> int:
    """Input ** exponent."""
    if isinstance(input, Operand) and isinstance(exponent, int | float):
        return context.add("power", context.real(input.value), exponent=float(exponent))
    return context.add("pow", *numbers(context, "pow", input, exponent))


@lowers("square")
def square(context: Context, input: Operand) -> int:
    """Input times itself."""
    return power(context, input, 2)


@lowers("logical_not", "bitwise_not", "__invert__")
def invert(context: Context, input: Operand) -> int:
    """Not input."""
    return context.add("logical_not", condition(context, input.value))


def scaled(context: Context, value: int, factor: float) -> int:
    """Multiply by a number, unless it is 1."""
    if factor == 1:
        return value
    context.is_exact = False
    return context.add("mul", value, context.constant(factor))
