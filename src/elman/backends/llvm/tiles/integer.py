"""Integers in LLVM text, written with operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elman.backends.llvm.tiles.writer import Function


class Int:
    """An integer of the function that is being written; arithmetic and comparison write instructions."""

    def __init__(self, function: Function, name: str):
        self.function = function
        self.name = name

    def __str__(self) -> str:
        """Return how it is spelled as an operand."""
        return self.name

    def __add__(self, other: Int | int) -> Int:
        """Write a sum."""
        return self._write("add nsw", other)

    def __sub__(self, other: Int | int) -> Int:
        """Write a difference."""
        return self._write("sub nsw", other)

    def __mul__(self, other: Int | int) -> Int:
        """Write a product."""
        return self._write("mul nsw", other)

    def __floordiv__(self, other: Int | int) -> Int:
        """Write a quotient of numbers that are not negative."""
        return self._write("udiv", other)

    def __mod__(self, other: Int | int) -> Int:
        """Write the rest of a division of numbers that are not negative."""
        return self._write("urem", other)

    def __lt__(self, other: Int | int) -> str:
        """Write a comparison, an i1."""
        return self.function.value(f"icmp slt i64 {self}, {other}")

    def equals(self, other: Int | int) -> str:
        """Write a comparison, an i1."""
        return self.function.value(f"icmp eq i64 {self}, {other}")

    def minimum(self, other: Int | int) -> Int:
        """Write the smaller of the two."""
        return Int(self.function, self.function.call("llvm.smin.i64", "i64", f"i64 {self}", f"i64 {other}"))

    def maximum(self, other: Int | int) -> Int:
        """Write the larger of the two."""
        return Int(self.function, self.function.call("llvm.smax.i64", "i64", f"i64 {self}", f"i64 {other}"))

    def _write(self, instruction: str, other: Int | int) -> Int:
        return Int(self.function, self.function.value(f"{instruction} i64 {self}, {other}"))
