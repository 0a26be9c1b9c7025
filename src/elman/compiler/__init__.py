"""Cells as machine code: recorded, planned, compiled, and run with gradients."""

from elman.compiler.explain import explain, show
from elman.compiler.options import compiled_for, kept_at_once, shared_by, within_memory
from elman.compiler.recurrence import Batch, run, why_not
from elman.compiler.repeated import run_again

__all__ = [
    "Batch",
    "compiled_for",
    "explain",
    "kept_at_once",
    "run",
    "run_again",
    "shared_by",
    "show",
    "why_not",
    "within_memory",
]
