"""Ops that are an instruction or two."""

import math

from llvmlite import ir

from elman.backends.llvm.lanes.lanes import Lanes


def _sign(lanes: Lanes, x: ir.Value) -> ir.Value:
    above = lanes.select(lanes.compare(">", x, 0.0), 1.0, 0.0)
    return lanes.select(lanes.compare("<", x, 0.0), -1.0, above)


def _rsqrt(lanes: Lanes, x: ir.Value) -> ir.Value:
    return lanes.div(1.0, lanes.intrinsic("sqrt", x))


def _maximum(lanes: Lanes, a: ir.Value, b: ir.Value) -> ir.Value:
    return _unless_nan(lanes, a, lanes.select(lanes.compare(">", a, b), a, b))


def _minimum(lanes: Lanes, a: ir.Value, b: ir.Value) -> ir.Value:
    return _unless_nan(lanes, a, lanes.select(lanes.compare("<", a, b), a, b))


def _unless_nan(lanes: Lanes, a: ir.Value, chosen: ir.Value) -> ir.Value:
    """Return what was chosen, which is b if a is NaN: then a."""
    return lanes.select(lanes.compare("!=", a, a), a, chosen)


def _clamp(lanes: Lanes, x: ir.Value, *, min: float, max: float) -> ir.Value:  # noqa: A002
    if math.isnan(min) or math.isnan(max):
        return lanes.number(math.nan)
    return lanes.at_most(lanes.at_least(x, min), max)


def _where(lanes: Lanes, condition: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
    return lanes.builder.select(condition, a, b)


ARITHMETIC = {
    "add": Lanes.add,
    "sub": Lanes.sub,
    "mul": Lanes.mul,
    "div": Lanes.div,
    "neg": Lanes.neg,
    "reciprocal": lambda lanes, x: lanes.div(1.0, x),
    "sqrt": lambda lanes, x: lanes.intrinsic("sqrt", x),
    "rsqrt": _rsqrt,
    "abs": lambda lanes, x: lanes.intrinsic("fabs", x),
    "floor": lambda lanes, x: lanes.intrinsic("floor", x),
    "ceil": lambda lanes, x: lanes.intrinsic("ceil", x),
    "sign": _sign,
    "maximum": _maximum,
    "minimum": _minimum,
    "clamp": _clamp,
    "where": _where,
    "to_real": lambda lanes, x: lanes.builder.uitofp(x, lanes.vector),
}


def _compared(lanes: Lanes, relation: str, a: ir.Value, b: ir.Value) -> ir.Value:
    if a.type == lanes.vector:  # pyright: ignore[reportAttributeAccessIssue]
        return lanes.compare(relation, a, b)
    return lanes.builder.icmp_unsigned(relation, a, b)


COMPARISONS = {
    "eq": lambda lanes, a, b: _compared(lanes, "==", a, b),
    "ne": lambda lanes, a, b: _compared(lanes, "!=", a, b),
    "lt": lambda lanes, a, b: _compared(lanes, "<", a, b),
    "le": lambda lanes, a, b: _compared(lanes, "<=", a, b),
    "gt": lambda lanes, a, b: _compared(lanes, ">", a, b),
    "ge": lambda lanes, a, b: _compared(lanes, ">=", a, b),
}
LOGICAL = {
    "logical_and": lambda lanes, a, b: lanes.builder.and_(a, b),
    "logical_or": lambda lanes, a, b: lanes.builder.or_(a, b),
    "logical_xor": lambda lanes, a, b: lanes.builder.xor(a, b),
    "logical_not": lambda lanes, a: lanes.builder.not_(a),
}
