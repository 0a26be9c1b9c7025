"""Activation functions that are made of the others, and those with a kink."""

import math

from llvmlite import ir

from elman.backends.llvm.lanes.error_function import erf
from elman.backends.llvm.lanes.exponential import expm1
from elman.backends.llvm.lanes.gates import sigmoid, tanh
from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.shared import shared


def relu(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return x, or 0 where x is smaller."""
    return lanes.at_least(x, 0.0)


def leaky_relu(lanes: Lanes, x: ir.Value, *, negative_slope: float) -> ir.Value:
    """Return x, multiplied by the slope where x is not positive."""
    return lanes.select(lanes.compare(">", x, 0.0), x, lanes.mul(x, negative_slope))


def elu(lanes: Lanes, x: ir.Value, *, alpha: float) -> ir.Value:
    """Return x, or alpha (e^x - 1) where x is not positive."""
    return lanes.select(lanes.compare(">", x, 0.0), x, lanes.mul(shared(lanes, "expm1", expm1, x), alpha))


def silu(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return x sigmoid(x)."""
    return lanes.mul(x, shared(lanes, "sigmoid", sigmoid, x))


def gelu(lanes: Lanes, x: ir.Value, *, approximate: str) -> ir.Value:
    """Return x times the normal distribution's share below x, or its approximation by tanh."""
    half = lanes.mul(x, 0.5)
    if approximate == "tanh":
        cubic = lanes.mul(lanes.mul(lanes.mul(x, x), x), 0.044715)
        share = shared(lanes, "tanh", tanh, lanes.mul(lanes.add(x, cubic), math.sqrt(2 / math.pi)))
    else:
        scaled = lanes.mul(x, math.sqrt(0.5))
        share = shared(lanes, "erf", erf, scaled)
    return lanes.mul(half, lanes.add(share, 1.0))
