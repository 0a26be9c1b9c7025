"""Cells as machine code: recorded, planned, compiled, and run with gradients."""

from elman.compiler.options import compiled_for
from elman.compiler.recurrence import Batch, run, why_not

__all__ = ["Batch", "compiled_for", "run", "why_not"]
