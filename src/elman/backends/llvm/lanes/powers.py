"""Powers with any exponent.

Method: |x|^y = e^(y log |x|). In 64 bits the logarithm is a sum of two numbers, because an error in it is
multiplied by up to 745; the numbers of 32 bits are computed in 64, which leaves bits enough.
"""

import math
from dataclasses import replace
from typing import NamedTuple

from llvmlite import ir

from elman.backends.llvm.lanes.exponential import exp
from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.logarithm import log, part_any
from elman.backends.llvm.lanes.polynomial import polynomial

# T(s^2) = (2 atanh(s) - 2 s - 2/3 s^3) / s^5.
TAIL = (
    *(0.3999999999999998, 0.2857142857144511, 0.2222222221753645, 0.1818181887031613),
    *(0.15384556870897168, 0.1333631742323031, 0.11674818411996567, 0.11989014050199481),
)
TWO_THIRDS = (2 / 3, 3.700743415417188e-17)
# ln 2 in two: the first has 42 bits, so that its product with an exponent is exact.
LN2 = (0.6931471805598903, 5.497923018708371e-14)


class Sum(NamedTuple):
    """A number of about 106 bits: high + low."""

    high: ir.Value
    low: ir.Value


def pow(lanes: Lanes, x: ir.Value, y: ir.Value) -> ir.Value:  # noqa: A001
    """Return x to the power of y."""
    builder = lanes.builder
    size = lanes.intrinsic("fabs", x)
    value = _of_size(lanes, size, y)
    half = lanes.mul(y, 0.5)
    is_integer = lanes.compare("==", y, lanes.intrinsic("floor", y))
    is_odd = builder.and_(is_integer, lanes.compare("!=", half, lanes.intrinsic("floor", half)))
    has_sign = builder.icmp_signed("<", lanes.bits(x), lanes.integer(0))
    value = lanes.select(builder.and_(has_sign, is_odd), lanes.neg(value), value)
    is_negative = builder.and_(lanes.compare("<", x, 0.0), lanes.compare(">", x, -math.inf))
    value = lanes.select(builder.and_(is_negative, builder.not_(is_integer)), math.nan, value)
    # 1, whatever the other operand is, NaN included; and 1 as well for -1 to an infinite power.
    is_one = builder.or_(lanes.compare("==", x, 1.0), lanes.compare("==", y, 0.0))
    is_endless = lanes.compare("==", lanes.intrinsic("fabs", y), math.inf)
    is_one = builder.or_(is_one, builder.and_(lanes.compare("==", size, 1.0), is_endless))
    return lanes.select(is_one, 1.0, value)


def power(lanes: Lanes, x: ir.Value, *, exponent: float) -> ir.Value:
    """Return x to a power known beforehand; the common ones as torch takes them."""
    match exponent:
        case 2.0 | -2.0:
            value = lanes.mul(x, x)
        case 3.0:
            value = lanes.mul(lanes.mul(x, x), x)
        case 0.5 | -0.5:
            value = lanes.intrinsic("sqrt", x)
        case 1.0 | -1.0:
            value = x
        case _:
            return pow(lanes, x, lanes.number(exponent))
    return value if exponent > 0 else lanes.div(1.0, value)


def _of_size(lanes: Lanes, size: ir.Value, y: ir.Value) -> ir.Value:
    if lanes.is_double:
        high, low = _log_in_two(lanes, size)
        product = lanes.mul(y, high)
        rest = lanes.fma(y, low, lanes.fma(y, high, lanes.neg(product)))
        # Where the product is far out, or not finite, the rest is not a number.
        is_moderate = lanes.compare("<", lanes.intrinsic("fabs", product), 1e4)
        return exp(lanes, product, lanes.select(is_moderate, rest, 0.0))
    wide = replace(lanes, real=ir.DoubleType())
    size, y = (lanes.builder.fpext(operand, wide.vector) for operand in (size, y))
    return lanes.builder.fptrunc(exp(wide, wide.mul(y, log(wide, size))), lanes.vector)


def _log_in_two(lanes: Lanes, x: ir.Value) -> Sum:
    k, f, _ = part_any(lanes, x)
    two_s = _twice_atanh(lanes, f)
    exponent = lanes.mul(k, LN2[0])
    total = lanes.add(exponent, two_s.high)
    lost = lanes.sub(two_s.high, lanes.sub(total, exponent))
    rest = lanes.add(lost, lanes.fma(k, LN2[1], two_s.low))
    high = lanes.add(total, rest)
    low = lanes.sub(rest, lanes.sub(high, total))
    is_number = lanes.builder.and_(lanes.compare(">", x, 0.0), lanes.compare("<", x, math.inf))
    beyond = lanes.select(lanes.compare("==", x, 0.0), -math.inf, x)
    return Sum(lanes.select(is_number, high, beyond), low)


def _twice_atanh(lanes: Lanes, f: ir.Value) -> Sum:
    """Return log(1 + f) = 2 atanh(s), s = f / (2 + f)."""
    s = _quotient(lanes, f)
    z = lanes.mul(s.high, s.high)
    z_low = lanes.fma(lanes.add(s.low, s.low), s.high, lanes.fma(s.high, s.high, lanes.neg(z)))
    a = lanes.mul(z, TWO_THIRDS[0])
    a_low = lanes.fma(lanes.mul(z, z), polynomial(lanes, z, TAIL), lanes.mul(z, TWO_THIRDS[1]))
    a_low = lanes.add(lanes.fma(z, TWO_THIRDS[0], lanes.neg(a)), lanes.fma(z_low, TWO_THIRDS[0], a_low))
    b = lanes.mul(s.high, a)
    b_low = lanes.fma(s.low, a, lanes.fma(s.high, a_low, lanes.fma(s.high, a, lanes.neg(b))))
    twice = lanes.add(s.high, s.high)
    high = lanes.add(twice, b)
    lost = lanes.sub(b, lanes.sub(high, twice))
    return Sum(high, lanes.add(lost, lanes.fma(s.low, 2.0, b_low)))


def _quotient(lanes: Lanes, f: ir.Value) -> Sum:
    """Return f / (2 + f)."""
    divisor = lanes.add(f, 2.0)
    divisor_low = lanes.sub(f, lanes.sub(divisor, 2.0))
    inverse = lanes.div(1.0, divisor)
    high = lanes.mul(f, inverse)
    rest = lanes.fma(lanes.neg(high), divisor_low, lanes.fma(lanes.neg(high), divisor, f))
    return Sum(high, lanes.mul(rest, inverse))
