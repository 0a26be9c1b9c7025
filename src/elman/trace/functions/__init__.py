"""Torch functions -> nodes: one table, filled by one file for each kind of function."""

from elman.trace.functions import activations, creation, linear, norms, pointwise, reductions, shapes
from elman.trace.functions.table import FUNCTIONS

__all__ = [
    "FUNCTIONS",
    "activations",
    "creation",
    "linear",
    "norms",
    "pointwise",
    "reductions",
    "shapes",
]
