"""The one table of pointwise ops: name -> vectors to vector."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from llvmlite import ir

from elman.backends.llvm.lanes import activations, simple
from elman.backends.llvm.lanes.error_function import erf
from elman.backends.llvm.lanes.exponential import exp, expm1
from elman.backends.llvm.lanes.gates import sigmoid, tanh
from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.logarithm import log, log1p, softplus
from elman.backends.llvm.lanes.powers import pow, power  # noqa: A004
from elman.backends.llvm.lanes.shared import Body, in_double, shared
from elman.backends.llvm.lanes.trigonometry import cos, sin

Row: TypeAlias = Callable[..., ir.Value]


def _once(name: str, body: Body) -> Row:
    """Let a module hold the function once; each choice of attributes is a function of its own."""

    def row(lanes: Lanes, *operands: ir.Value, **attributes: Any) -> ir.Value:
        full_name = ".".join([name, *(str(value) for _, value in sorted(attributes.items()))])
        return shared(lanes, full_name, partial(body, **attributes), *operands)

    return row


def _once_in_double(name: str, body: Body) -> Row:
    return _once(name, lambda lanes, *operands: in_double(lanes, body, *operands))


POINTWISE: dict[str, Row] = {
    **simple.ARITHMETIC,
    **simple.COMPARISONS,
    **simple.LOGICAL,
    "relu": activations.relu,
    "leaky_relu": activations.leaky_relu,
    "power": power,
    **{row.__name__: _once(row.__name__, row) for row in (exp, expm1, sigmoid, tanh, log, log1p, erf, pow)},
    **{row.__name__: _once_in_double(row.__name__, row) for row in (sin, cos)},
    "softplus": _once("softplus", softplus),
    "silu": _once("silu", activations.silu),
    "elu": _once("elu", activations.elu),
    "gelu": _once("gelu", activations.gelu),
}


def pointwise(lanes: Lanes, op: str, operands: Sequence[ir.Value], attributes: Mapping[str, Any]) -> ir.Value:
    """Emit one op of the table `elman.ir.OPS` whose category is "pointwise".

    Args:
        lanes: The vector type, and where the code goes; a call may leave the builder in another block.
        op: Its name.
        operands: One vector each, of numbers or of bits.
        attributes: Those of the op, by name.
    """
    return POINTWISE[op](lanes, *operands, **attributes)
