"""Polynomials; all coefficients here are minimax ones, found by Remez exchange in 50 digits."""

from collections.abc import Sequence

from llvmlite import ir

from elman.backends.llvm.lanes.lanes import Lanes


def polynomial(lanes: Lanes, x: ir.Value, coefficients: Sequence[float]) -> ir.Value:
    """Return coefficients[0] + coefficients[1] x + ..., by Horner's rule.

    Args:
        lanes: Where the code goes.
        x: The variable.
        coefficients: At least one number.
    """
    *rest, leading = coefficients
    value = lanes.number(leading)
    for coefficient in reversed(rest):
        value = lanes.fma(value, x, coefficient)
    return value
