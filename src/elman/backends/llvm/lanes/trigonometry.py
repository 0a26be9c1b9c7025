"""Sine and cosine, of 64-bit numbers.

Method: x = n pi/2 + r with |r| <= pi/4; sin r = r + r^3 S(r^2), cos r = 1 - r^2/2 + r^4 C(r^2); n modulo 4
says which of the two, and its sign.
"""

import math

from llvmlite import ir

from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.polynomial import polynomial
from elman.backends.llvm.lanes.reduction import Turned, reduce_each

# S(z) = (sin(sqrt z) / sqrt z - 1) / z.
SINE = (
    *(-0.16666666666666632, 0.008333333333322314, -0.00019841269829725154, 2.755731366204246e-06),
    *(-2.505075326247456e-08, 1.589650484124702e-10),
)
# C(z) = (cos(sqrt z) - 1 + z/2) / z^2.
COSINE = (
    *(0.0416666666666666, -0.001388888888887399, 2.480158728939493e-05, -2.755731432603115e-07),
    *(2.087571955869309e-09, -1.1359448676141683e-11),
)
# pi/2 is the sum of these to 160 bits. A product of the first by n, taken from x, leaves nothing to round;
# below this size of x the three are enough even for the x next to a multiple of pi/2.
HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
SMALL = 2.0**30


def sin(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return the sine."""
    return lanes.select(lanes.compare("==", x, 0.0), x, _wave(lanes, x, 0))


def cos(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return the cosine."""
    return _wave(lanes, x, 1)


def _wave(lanes: Lanes, x: ir.Value, quarters: int) -> ir.Value:
    """Return the sine of x plus that many quarter turns."""
    builder = lanes.builder
    r, n = _turned(lanes, x)
    n = builder.add(n, lanes.integer(quarters))
    z = lanes.mul(r, r)
    sine = lanes.fma(lanes.mul(r, z), polynomial(lanes, z, SINE), r)
    cosine = polynomial(lanes, z, (1.0, -0.5, *COSINE))
    is_odd = builder.icmp_unsigned("!=", builder.and_(n, lanes.integer(1)), lanes.integer(0))
    value = lanes.bits(lanes.select(is_odd, cosine, sine))
    sign = builder.shl(builder.lshr(n, lanes.integer(1)), lanes.integer(63))
    return lanes.from_bits(builder.xor(value, sign))


def _turned(lanes: Lanes, x: ir.Value) -> Turned:
    """Reduce every lane; the exact way is taken if any finite one is too large for the quick one."""
    builder = lanes.builder
    size = lanes.intrinsic("fabs", x)
    is_large = builder.and_(lanes.compare(">=", size, SMALL), lanes.compare("<", size, math.inf))
    quick = _turn_quickly(lanes, x)
    before = builder.block
    mask = builder.bitcast(is_large, ir.IntType(lanes.width))
    with builder.if_then(builder.icmp_unsigned("!=", mask, ir.Constant(mask.type, 0)), likely=False):
        exact = reduce_each(lanes, x)
        chosen = [builder.select(is_large, *pair) for pair in zip(exact, quick, strict=True)]
        after = builder.block
    values = []
    for one, other in zip(chosen, quick, strict=True):
        value = builder.phi(one.type)
        value.add_incoming(one, after)
        value.add_incoming(other, before)
        values.append(value)
    return Turned(*values)


def _turn_quickly(lanes: Lanes, x: ir.Value) -> Turned:
    magic = 1.5 * 2.0**52
    shifted = lanes.fma(x, 2 / math.pi, magic)
    n = lanes.sub(shifted, magic)
    r = x
    for part in HALF_PI:
        r = lanes.fma(n, -part, r)
    return Turned(r, lanes.bits(shifted))
