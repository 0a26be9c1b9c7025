"""Functions that a module holds once, however often they are needed."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from llvmlite import ir

from elman.backends.llvm.lanes.lanes import Lanes, declare

# What a function computes: Lanes that stand in its first block, and its operands.
Body: TypeAlias = Callable[..., ir.Value]


def shared(lanes: Lanes, name: str, body: Body, *operands: ir.Value) -> ir.Value:
    """Call a function on vectors, after adding it to the module if it is not there yet.

    The inliner takes it away again: it keeps the text short, not the machine code.

    Args:
        lanes: Where the call goes.
        name: What the function computes; the vector type is added to it.
        body: Emits the computation.
        operands: What it is called with, vectors of numbers.
    """
    types = [lanes.vector] * len(operands)
    function = declare(lanes.builder.module, f"{name}.{lanes.suffix}", lanes.vector, types)
    if function.is_declaration:
        function.linkage = "internal"
        function.attributes.add("alwaysinline")
        inside = replace(lanes, builder=ir.IRBuilder(function.append_basic_block("entry")))
        inside.builder.ret(body(inside, *function.args))
    return lanes.builder.call(function, operands)


def in_double(lanes: Lanes, body: Body, *operands: ir.Value) -> ir.Value:
    """Compute in 64 bits whatever the real type is; the result is rounded to it once more.

    Args:
        lanes: Where the code goes.
        body: Emits the computation for Lanes of 64-bit numbers.
        operands: Vectors of the real type.
    """
    wide = replace(lanes, real=ir.DoubleType())
    if lanes.is_double:
        return body(wide, *operands)
    widened = [lanes.builder.fpext(operand, wide.vector) for operand in operands]
    return lanes.builder.fptrunc(body(wide, *widened), lanes.vector)
