"""Powers of e.

Method: x = 2 k ln 2 + r with |r| <= ln 2. Halving the exponent k makes both 2^k and 2^-k numbers, for every
x whose exponential is one, denormals included; e^x = e^r 2^k 2^k. e^r = 1 + r + r^2 Q(r), Q a minimax
polynomial.
"""

import math
from typing import NamedTuple

from llvmlite import ir

from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.polynomial import polynomial

# Q(r) = (e^r - 1 - r) / r^2.
SINGLE = (
    *(0.5000003576278687, 0.166666179895401, 0.041661228984594345, 0.008335934951901436),
    *(0.0014104777947068214, 0.00019629750750027597),
)
DOUBLE = (
    *(0.49999999999999956, 0.16666666666666666, 0.04166666666669381, 0.00833333333333388),
    *(0.0013888888884403012, 0.00019841269839927528, 2.4801590479251742e-05, 2.755732048954058e-06),
    *(2.755622489550747e-07, 2.5051567933216345e-08, 2.1057614860846086e-09, 1.6164583344099888e-10),
)
# 2 ln 2 as the sum of two numbers of the type.
TWICE_LN2 = (
    (1.3862943649291992, -3.809308424251867e-09),
    (2 * 0.6931471805599453, 2 * 2.3190468138462996e-17),
)
# Beyond these e^x is 0 or infinite; with k in range of an exponent.
LOWEST, HIGHEST = (-105.0, -747.0), (89.0, 710.0)


class Reduced(NamedTuple):
    """e^x = e^r 2^k 2^k."""

    r: ir.Value
    power: ir.Value


def reduce(lanes: Lanes, x: ir.Value, correction: ir.Value | None = None) -> Reduced:
    """Part an exponent x into r and 2^k.

    Adding 1.5 * 2^(bits of the fraction) rounds to an integer and leaves it in the lowest bits; with the bias
    added too, a shift makes 2^k of them.

    Args:
        lanes: Where the code goes.
        x: A number from LOWEST to -LOWEST.
        correction: What x lacks, much smaller than x.
    """
    high, low = lanes.either(*TWICE_LN2)
    magic = 1.5 * 2.0**lanes.fraction_bits + lanes.bias
    shifted = lanes.fma(x, 0.5 / math.log(2), magic)
    k = lanes.sub(shifted, magic)
    r = lanes.fma(k, -low, lanes.fma(k, -high, x))
    r = lanes.add(r, correction) if correction is not None else r
    power = lanes.builder.shl(lanes.bits(shifted), lanes.integer(lanes.fraction_bits))
    return Reduced(r, lanes.from_bits(power))


def inverse(lanes: Lanes, power: ir.Value) -> ir.Value:
    """Return 2^-k for 2^k."""
    both = lanes.integer(2 * lanes.bias << lanes.fraction_bits)
    return lanes.from_bits(lanes.builder.sub(both, lanes.bits(power)))


def exp(lanes: Lanes, x: ir.Value, correction: ir.Value | None = None) -> ir.Value:
    """Return e^x.

    Args:
        lanes: Where the code goes.
        x: The exponent.
        correction: What x lacks, much smaller than x.
    """
    r, power = reduce(lanes, _in_range(lanes, x), correction)
    return lanes.mul(lanes.mul(exp_of_rest(lanes, r), power), power)


def exp_in_two(lanes: Lanes, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return e^x and what its last rounding has lost.

    Args:
        lanes: Where the code goes.
        x: The exponent.
    """
    r, power = reduce(lanes, _in_range(lanes, x))
    share = polynomial(lanes, r, (1.0, *lanes.either(SINGLE, DOUBLE)))
    high = lanes.fma(share, r, 1.0)
    low = lanes.fma(share, r, lanes.sub(1.0, high))
    return lanes.mul(lanes.mul(high, power), power), lanes.mul(lanes.mul(low, power), power)


def expm1(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return e^x - 1, without the cancellation near 0."""
    r, power = reduce(lanes, _in_range(lanes, x))
    small = lanes.fma(lanes.mul(r, r), polynomial(lanes, r, lanes.either(SINGLE, DOUBLE)), r)
    # (e^r - 1) 2^k + 2^k - 2^-k, times 2^k.
    scaled = lanes.fma(small, power, lanes.sub(power, inverse(lanes, power)))
    return lanes.intrinsic("copysign", lanes.mul(scaled, power), x)


def exp_of_rest(lanes: Lanes, r: ir.Value) -> ir.Value:
    """Return e^r.

    Args:
        lanes: Where the code goes.
        r: A number from -ln 2 to ln 2.
    """
    return polynomial(lanes, r, (1.0, 1.0, *lanes.either(SINGLE, DOUBLE)))


def _in_range(lanes: Lanes, x: ir.Value) -> ir.Value:
    return lanes.at_most(lanes.at_least(x, lanes.either(*LOWEST)), lanes.either(*HIGHEST))
