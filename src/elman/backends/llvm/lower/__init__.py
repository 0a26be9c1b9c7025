"""A staged step -> LLVM text: a function that runs the step on some rows."""

from elman.backends.llvm.lower.layout import Panel, PanelPart, Program, Table
from elman.backends.llvm.lower.program import lower

__all__ = ["Panel", "PanelPart", "Program", "Table", "lower"]
