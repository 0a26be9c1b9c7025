"""The exact way to reduce an angle of any size.

Method (M. Payne and R. Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter, 1983):
x = m 2^e with an integer m of 53 bits, and m times those 192 bits of 2/pi whose weight, with 2^e, is neither
a multiple of four quarter turns nor too small to matter, gives the quarter turns modulo 4 and 126 bits of
what is left.
"""

import math
from typing import NamedTuple

from llvmlite import ir

from elman.backends.llvm.lanes.lanes import Builder, Lanes, declare

# The bits of 2/pi after the point, most significant first; 64 zeros stand before them.
TWO_OVER_PI = (
    *(0x0, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041, 0xFE5163ABDEBBC561),
    *(0xB7246E3A424DD2E0, 0x06492EEA09D1921C, 0xFE1DEB1CB129A73E, 0xE88235F52EBB4484, 0xE99C7026B45F7E41),
    *(0x3991D639835339F4, 0x9C845F8BBDF9283B, 0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7),
    *(0x4F463F669E5FEA2D, 0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB),
)
WORD, DOUBLE_WORD, REAL = ir.IntType(64), ir.IntType(128), ir.DoubleType()
# The exponent field of a number whose product with 2/pi / 4 starts at the first bit of 2/pi: 1023 + 52 + 2.
FIRST_BIT = 1077


class Turned(NamedTuple):
    """x = n pi/2 + r."""

    r: ir.Value
    n: ir.Value


def reduce_each(lanes: Lanes, x: ir.Value) -> Turned:
    """Reduce one lane after the other; lanes below 2^30 in size, or not finite, get any number.

    Args:
        lanes: Where the code goes; it ends in a block of its own.
        x: Angles, 64-bit numbers.
    """
    builder, index = lanes.builder, ir.IntType(32)
    before, loop = builder.block, builder.append_basic_block("each")
    builder.branch(loop)
    builder.position_at_end(loop)
    lane, all_r, all_n = builder.phi(index), builder.phi(lanes.vector), builder.phi(lanes.integers)
    turned = builder.call(_reduction(builder.module), [builder.extract_element(x, lane)])
    next_r = builder.insert_element(all_r, builder.extract_value(turned, 0), lane)
    next_n = builder.insert_element(all_n, builder.extract_value(turned, 1), lane)
    next_lane = builder.add(lane, ir.Constant(index, 1))
    for phi, first, later in (
        (lane, ir.Constant(index, 0), next_lane),
        (all_r, ir.Constant(lanes.vector, None), next_r),
        (all_n, ir.Constant(lanes.integers, None), next_n),
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(later, loop)
    done = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_unsigned("<", next_lane, ir.Constant(index, lanes.width)), loop, done)
    builder.position_at_end(done)
    return Turned(next_r, next_n)


def _word(value: int) -> ir.Constant:
    return ir.Constant(WORD, value)


def _reduction(module: ir.Module) -> ir.Function:
    """Return the function of one number that gives r and n; it is not inlined."""
    function = declare(module, "reduce.f64", ir.LiteralStructType([REAL, WORD]), [REAL])
    if function.is_declaration:
        function.linkage = "internal"
        function.attributes.add("noinline")
        builder: Builder = ir.IRBuilder(function.append_basic_block("entry"))
        r, n = _reduce(builder, function.args[0])
        result = builder.insert_value(ir.Constant(function.function_type.return_type, ir.Undefined), r, 0)
        builder.ret(builder.insert_value(result, n, 1))
    return function


def _reduce(builder: Builder, x: ir.Value) -> Turned:
    bits = builder.bitcast(x, WORD)
    exponent = builder.and_(builder.lshr(bits, _word(52)), _word(0x7FF))
    fraction = builder.and_(bits, _word(2**52 - 1))
    turns = _product(builder, builder.or_(fraction, _word(2**52)), _window(builder, exponent))
    two = ir.Constant(DOUBLE_WORD, 2)
    rest = builder.shl(turns, two)
    is_negative = builder.icmp_signed("<", rest, ir.Constant(DOUBLE_WORD, 0))
    n = builder.trunc(builder.lshr(turns, ir.Constant(DOUBLE_WORD, 126)), WORD)
    n = builder.add(n, builder.zext(is_negative, WORD))
    size = _as_real(builder, builder.select(is_negative, builder.neg(rest), rest))
    r = builder.fmul(size, ir.Constant(REAL, math.pi / 2))
    flipped = builder.xor(is_negative, builder.icmp_signed("<", bits, _word(0)))
    n = builder.select(builder.icmp_signed("<", bits, _word(0)), builder.neg(n), n)
    return Turned(builder.select(flipped, builder.fneg(r), r), n)


def _window(builder: Builder, exponent: ir.Value) -> list[ir.Value]:
    """Return three words of bits of 2/pi, from the first whose product is less than four quarter turns."""
    table = _table(builder.module)
    position = builder.add(builder.sub(exponent, _word(FIRST_BIT)), _word(64))
    # Where x is not large the result is of no use, but the table has its ends.
    is_before = builder.icmp_signed("<", position, _word(0))
    position = builder.select(is_before, _word(0), position)
    first, shift = builder.lshr(position, _word(6)), builder.and_(position, _word(63))
    words = []
    for number in range(4):
        place = builder.add(first, _word(number))
        words.append(builder.load(builder.gep(table, [_word(0), place], inbounds=True)))
    shifted = declare(builder.module, "llvm.fshl.i64", WORD, [WORD] * 3)
    return [builder.call(shifted, [words[i], words[i + 1], shift]) for i in range(3)]


def _table(module: ir.Module) -> ir.GlobalVariable:
    name = "two_over_pi"
    if name in module.globals:
        return module.globals[name]
    table_type = ir.ArrayType(WORD, len(TWO_OVER_PI))
    table = ir.GlobalVariable(module, table_type, name)
    table.linkage, table.global_constant = "internal", True
    table.initializer = ir.Constant(table_type, [_word(word) for word in TWO_OVER_PI])  # pyright: ignore
    return table


def _product(builder: Builder, m: ir.Value, window: list[ir.Value]) -> ir.Value:
    """Return the upper 128 bits of m times a window, modulo 2^192."""
    m = builder.zext(m, DOUBLE_WORD)
    high, middle, low = (builder.mul(m, builder.zext(word, DOUBLE_WORD)) for word in window)
    half = ir.Constant(DOUBLE_WORD, 64)
    below = builder.add(middle, builder.lshr(low, half))
    return builder.add(below, builder.shl(high, half))


def _as_real(builder: Builder, size: ir.Value) -> ir.Value:
    """Return a fraction of 128 bits as a number, by its uppermost 64 bits that are not zeros."""
    bit = ir.IntType(1)
    count = declare(builder.module, "llvm.ctlz.i128", DOUBLE_WORD, [DOUBLE_WORD, bit])
    zeros = builder.call(count, [size, ir.Constant(bit, 0)])
    top = builder.trunc(builder.lshr(builder.shl(size, zeros), ir.Constant(DOUBLE_WORD, 64)), WORD)
    scale = builder.sub(_word(1023 - 64), builder.trunc(zeros, WORD))
    scale = builder.bitcast(builder.shl(scale, _word(52)), REAL)
    return builder.fmul(builder.uitofp(top, REAL), scale)
