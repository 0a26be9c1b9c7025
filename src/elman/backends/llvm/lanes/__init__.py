"""Pointwise ops on vectors of numbers, as LLVM IR; nothing they emit calls a mathematical library."""

from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.pointwise import POINTWISE, pointwise

__all__ = ["POINTWISE", "Lanes", "pointwise"]
