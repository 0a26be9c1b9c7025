"""Torch functions -> nodes: one table, filled by one file for each kind of function."""

from elman.trace.functions import (
    activations,
    choices,
    creation,
    linear,
    norms,
    parts,
    pointwise,
    reductions,
    shapes,
    statistics,
)
from elman.trace.functions.table import FUNCTIONS

__all__ = [
    "FUNCTIONS",
    "activations",
    "choices",
    "creation",
    "linear",
    "norms",
    "parts",
    "pointwise",
    "reductions",
    "shapes",
    "statistics",
]
