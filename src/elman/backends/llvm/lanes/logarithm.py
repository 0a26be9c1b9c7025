"""Logarithms.

Method: x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2); log x = k ln 2 + log(1 + f). In 32 bits
log(1 + f) = f - f^2/2 + f^3 P(f); in 64 bits log(1 + f) = 2 atanh(s), s = f / (2 + f), an odd function that
needs few terms.
"""

import math
from typing import NamedTuple

from llvmlite import ir

from elman.backends.llvm.lanes.exponential import exp_in_two
from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.polynomial import polynomial

# P(f) = (log(1 + f) - f + f^2/2) / f^3.
SINGLE = (0.3333333, -0.2500082, 0.20001227, -0.16623357, 0.14201757, -0.1316018, 0.12761576, -0.07634501)
# W(s^2) = (2 atanh(s) - 2 s) / s^3.
DOUBLE = (
    *(0.6666666666666734, 0.3999999999941432, 0.2857142874247439, 0.2222219856353963),
    *(0.1818356486360918, 0.15314035919640856, 0.1479610454371946),
)
LN2 = ((0.693147182464599609375, -1.904654323148236e-09), (0.6931471805599453, 2.3190468138462996e-17))
SQRT_HALF_BITS = (0x3F3504F3, 0x3FE6A09E667F3BCD)
SMALLEST_NORMAL = (2.0**-126, 2.0**-1022)


class Parted(NamedTuple):
    """x = 2^k (1 + f); the bits of k, biased, stand in an integer too."""

    k: ir.Value
    f: ir.Value
    biased: ir.Value


def part(lanes: Lanes, x: ir.Value) -> Parted:
    """Part a positive normal number into its exponent and the rest; 1 + f is exact.

    Args:
        lanes: Where the code goes.
        x: What is parted.
    """
    builder, fraction_bits = lanes.builder, lanes.fraction_bits
    root, one = lanes.either(*SQRT_HALF_BITS), lanes.bias << fraction_bits
    moved = builder.add(lanes.bits(x), lanes.integer(one - root))
    biased = builder.lshr(moved, lanes.integer(fraction_bits))
    below = builder.and_(moved, lanes.integer((1 << fraction_bits) - 1))
    rest = lanes.from_bits(builder.add(below, lanes.integer(root)))
    # An integer in the lowest bits of 2^(bits of the fraction): no instruction converts 64-bit ones on AVX2.
    base = 2.0**fraction_bits
    k = lanes.from_bits(builder.or_(biased, lanes.bits(lanes.number(base))))
    return Parted(lanes.sub(k, base + lanes.bias), lanes.sub(rest, 1.0), biased)


def part_any(lanes: Lanes, x: ir.Value) -> Parted:
    """Part a positive number, denormal or not.

    Args:
        lanes: Where the code goes.
        x: What is parted.
    """
    shift = lanes.fraction_bits + 2
    is_small = lanes.compare("<", x, lanes.either(*SMALLEST_NORMAL))
    k, f, biased = part(lanes, lanes.select(is_small, lanes.mul(x, 2.0**shift), x))
    return Parted(lanes.sub(k, lanes.select(is_small, float(shift), 0.0)), f, biased)


def log(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return the natural logarithm."""
    k, f, _ = part_any(lanes, x)
    return _at_the_edges(lanes, x, _log_of_parts(lanes, k, f, lanes.number(0.0)))


def log1p(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return log(1 + x)."""
    return _log1p(lanes, x, lanes.number(0.0))


def softplus(lanes: Lanes, x: ir.Value, *, beta: float, threshold: float) -> ir.Value:
    """Return log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold."""
    scaled = lanes.mul(x, beta)
    value = lanes.div(_log1p(lanes, *exp_in_two(lanes, scaled)), beta)
    return lanes.select(lanes.compare(">", scaled, threshold), x, value)


def _log1p(lanes: Lanes, x: ir.Value, low: ir.Value) -> ir.Value:
    """Return log(1 + x + low); what 1 + x loses by rounding, and then f, is added where it is not lost."""
    u = lanes.add(1.0, x)
    part_of_x = lanes.sub(u, 1.0)
    lost = lanes.add(lanes.sub(1.0, lanes.sub(u, part_of_x)), lanes.sub(x, part_of_x))
    k, rounded, biased = part(lanes, u)
    lost = lanes.mul(lanes.add(lost, low), _inverse_power(lanes, biased))
    f = lanes.add(rounded, lost)
    still_lost = lanes.sub(lost, lanes.sub(f, rounded))
    result = _at_the_edges(lanes, u, _log_of_parts(lanes, k, f, still_lost))
    return lanes.select(lanes.compare("==", x, 0.0), x, result)


def _inverse_power(lanes: Lanes, biased: ir.Value) -> ir.Value:
    """Return 2^-k, or 0 for the largest k, to which nothing that was lost matters."""
    builder = lanes.builder
    exponent = builder.sub(lanes.integer(2 * lanes.bias), biased)
    is_positive = builder.icmp_signed(">", exponent, lanes.integer(0))
    exponent = builder.select(is_positive, exponent, lanes.integer(0))
    return lanes.from_bits(builder.shl(exponent, lanes.integer(lanes.fraction_bits)))


def _log_of_parts(lanes: Lanes, k: ir.Value, f: ir.Value, rest_of_f: ir.Value) -> ir.Value:
    high, low = lanes.either(*LN2)
    small = lanes.fma(k, low, rest_of_f)
    square = lanes.mul(f, f)
    if lanes.is_double:
        s = lanes.div(f, lanes.add(f, 2.0))
        z = lanes.mul(s, s)
        half = lanes.mul(0.5, square)
        rest = lanes.mul(s, lanes.fma(z, polynomial(lanes, z, DOUBLE), half))
        rest = lanes.sub(lanes.add(small, rest), half)
    else:
        rest = lanes.mul(lanes.mul(f, square), polynomial(lanes, f, SINGLE))
        rest = lanes.fma(-0.5, square, lanes.add(small, rest))
    return lanes.fma(k, high, lanes.add(f, rest))


def _at_the_edges(lanes: Lanes, x: ir.Value, result: ir.Value) -> ir.Value:
    """Return the logarithm of what is not a positive number, where x is none, and else the result."""
    beyond = lanes.select(lanes.compare("==", x, 0.0), -math.inf, math.nan)
    beyond = lanes.select(lanes.compare("==", x, math.inf), math.inf, beyond)
    is_number = lanes.builder.and_(lanes.compare(">", x, 0.0), lanes.compare("<", x, math.inf))
    return lanes.select(is_number, result, beyond)
