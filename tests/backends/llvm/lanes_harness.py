"""A loop over arrays around one pointwise op, for tests."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy
from llvmlite import ir
from native import TARGETS, call

from elman.backends.llvm.build import build
from elman.backends.llvm.lanes import Lanes, pointwise
from elman.ir import OPS

REAL_TYPES = {"float32": ir.FloatType(), "float64": ir.DoubleType()}


def operand_kinds(op: str) -> str:
    """A letter for each operand: b for boolean, r for real."""
    if op == "where":
        return "brr"
    is_boolean = op.startswith("logical") or op == "to_real"
    return ("b" if is_boolean else "r") * OPS[op].arity[0]


def apply_text(op: str, attributes: Mapping[str, Any], real: str, width: int) -> str:
    """`void apply(in0, in1, in2, out, n)`; booleans are numbers that are not 0, and 0 or 1 in `out`."""
    module, size = ir.Module(), ir.IntType(64)
    signature = ir.FunctionType(ir.VoidType(), [ir.PointerType()] * 4 + [size])
    function = ir.Function(module, signature, "apply")
    builder: Any = ir.IRBuilder(function.append_basic_block("entry"))
    lanes = Lanes(builder, REAL_TYPES[real], width)
    before, loop = builder.block, builder.append_basic_block("loop")
    builder.branch(loop)
    builder.position_at_end(loop)
    start = builder.phi(size)
    operands = []
    for kind, array in zip(operand_kinds(op), function.args, strict=False):
        place = builder.gep(array, [start], source_etype=lanes.real)
        value = builder.load(place, typ=lanes.vector, align=1)
        operands.append(lanes.compare("!=", value, 0.0) if kind == "b" else value)
    result: Any = pointwise(lanes, op, operands, attributes)
    if result.type != lanes.vector:
        result = builder.uitofp(result, lanes.vector)
    builder.store(result, builder.gep(function.args[3], [start], source_etype=lanes.real), align=1)
    following = builder.add(start, ir.Constant(size, width))
    start.add_incoming(ir.Constant(size, 0), before)
    start.add_incoming(following, builder.block)
    done = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_unsigned("<", following, function.args[4]), loop, done)
    builder.position_at_end(done)
    builder.ret_void()
    return str(module)


def host_width(real: str, name: str) -> int:
    """How many numbers one register of a target holds."""
    return TARGETS[name].vector_bytes // numpy.dtype(real).itemsize


def compiled(
    op: str, real: str, name: str, attributes: Mapping[str, Any] | None = None, width: int | None = None
) -> Callable[..., numpy.ndarray]:
    """The op as a function of arrays of equal length."""
    width = width or host_width(real, name)
    address = _address(apply_text(op, attributes or {}, real, width), name)

    def run(*arrays: numpy.ndarray) -> numpy.ndarray:
        size = len(arrays[0])
        padding = numpy.ones(-size % width)
        padded = [numpy.concatenate([array, padding]).astype(real) for array in arrays]
        out = numpy.full(size + len(padding), numpy.nan, dtype=real)
        call(address, *padded, *[0] * (3 - len(padded)), out, len(out))
        return out[:size]

    return run


@cache
def _address(text: str, name: str) -> int:
    return build(text, TARGETS[name]).address("apply")
