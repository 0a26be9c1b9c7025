"""The two functions of gates, in which recurrent networks spend their time.

Neither branches. In 64 bits both follow from e^x alone. In 32 bits every rounding counts, if the error is to
stay below 2 units in the last place, and so does every instruction:

- tanh x = x + x^3 T(x^2) for |x| < BEND; beyond, where what is taken from 1 is small enough for its own error
  not to show, 1 - 1 / (1/2 + e^2x / 2).
- sigmoid x = 1 / (1 + e^-x) as c g / (c g + c h + h r Y(r)), where e^-x = (h / g) e^r, h = 2^floor(k/2),
  g = h / 2^k: nothing overflows or underflows before the division, and e^r is not rounded by itself. The
  factor c = 3/2 lets the last sum round less: next to 1 its error would be largest.
"""

import math

from llvmlite import ir

from elman.backends.llvm.lanes.exponential import LOWEST, exp_of_rest, expm1, inverse, reduce
from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.polynomial import polynomial

# T(z) = (tanh(sqrt z) / sqrt z - 1) / z.
TANH = (-0.33332887291908264, 0.13319279253482819, -0.05257559195160866, 0.016249487176537514)
# e^2r for |r| <= ln 2 / 4.
GROWTH = (
    1.0,
    1.9999994039535522,
    1.9999659061431885,
    1.3334121704101562,
    0.6703708171844482,
    0.2652595341205597,
)
BEND, ONE_FROM = 0.5625, 9.1
# Y(-r) = 3/2 (e^r - 1) / r for |r| <= ln 2 / 2.
DECAY = (
    *(-1.5, 0.7499998807907104, -0.2499978393316269, 0.06250300258398056, -0.012552821077406406),
    0.0020701298490166664,
)
SCALE = 1.5
LN2 = (0.6931471824645996, -1.9046542121259336e-09)
FRACTION_BITS, BIAS = 23, 127
MAGIC = 1.5 * 2.0**FRACTION_BITS


def sigmoid(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return 1 / (1 + e^-x)."""
    limit = -lanes.either(*LOWEST)
    x = lanes.at_most(lanes.at_least(x, -limit), limit)
    return _sigmoid_in_double(lanes, x) if lanes.is_double else _sigmoid_in_single(lanes, x)


def tanh(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return the hyperbolic tangent."""
    return _tanh_in_double(lanes, x) if lanes.is_double else _tanh_in_single(lanes, x)


def _sigmoid_in_double(lanes: Lanes, x: ir.Value) -> ir.Value:
    r, power = reduce(lanes, lanes.neg(x))
    numerator = inverse(lanes, power)
    return lanes.div(numerator, lanes.fma(exp_of_rest(lanes, r), power, numerator))


def _sigmoid_in_single(lanes: Lanes, x: ir.Value) -> ir.Value:
    # The lowest bits of what is shifted hold k + 2 * 127, half of which is the exponent field of h.
    magic = MAGIC + 2 * BIAS
    shifted = lanes.fma(x, -1 / math.log(2), magic)
    k = lanes.sub(shifted, magic)
    rest = lanes.fma(k, LN2[1], lanes.fma(k, LN2[0], x))
    numerator, h = _two_powers(lanes, lanes.bits(shifted))
    both = lanes.fma(h, SCALE, numerator)
    return lanes.div(numerator, lanes.fma(polynomial(lanes, rest, DECAY), lanes.mul(h, rest), both))


def _two_powers(lanes: Lanes, shifted: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return c g and h for the bits that hold k."""
    builder, place = lanes.builder, lanes.integer(FRACTION_BITS)
    half = builder.lshr(shifted, lanes.integer(1))
    scale = lanes.integer((2 * BIAS << FRACTION_BITS) + (1 << FRACTION_BITS - 1))
    numerator = builder.add(builder.shl(builder.sub(half, shifted), place), scale)
    return lanes.from_bits(numerator), lanes.from_bits(builder.shl(half, place))


def _tanh_in_double(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return E / (E + 2) with E = e^2x - 1, which is as precise near 0 as elsewhere."""
    grown = expm1(lanes, lanes.at_most(lanes.at_least(lanes.add(x, x), -44.0), 44.0))
    return lanes.div(grown, lanes.add(grown, 2.0))


def _tanh_in_single(lanes: Lanes, x: ir.Value) -> ir.Value:
    square = lanes.mul(x, x)
    near = lanes.fma(lanes.mul(x, square), polynomial(lanes, square, TANH), x)
    size = lanes.intrinsic("fabs", x)
    far = lanes.sub(1.0, lanes.div(1.0, _half_of_growth(lanes, lanes.at_most(size, ONE_FROM))))
    # The sign is that of x; `near` has it but for -0.
    return lanes.intrinsic("copysign", lanes.select(lanes.compare(">=", size, BEND), far, near), x)


def _half_of_growth(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return (1 + e^2x) / 2."""
    magic = MAGIC + BIAS - 1
    shifted = lanes.fma(x, 2 / math.log(2), magic)
    rest = lanes.fma(lanes.sub(shifted, magic), -math.log(2) / 2, x)
    power = lanes.builder.shl(lanes.bits(shifted), lanes.integer(FRACTION_BITS))
    return lanes.fma(polynomial(lanes, rest, GROWTH), lanes.from_bits(power), 0.5)
