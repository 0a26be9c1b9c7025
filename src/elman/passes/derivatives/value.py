"""Arithmetic that writes nodes, so that a derivative reads as its formula."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

from elman.ir import Type
from elman.passes.rewriting import Rewriter

Operand: TypeAlias = "Value | float"


def _binary(op: str) -> Callable[["Value", Operand], "Value"]:
    return lambda self, other: self.apply(op, other)


def _reflected(op: str) -> Callable[["Value", float], "Value"]:
    return lambda self, other: self.like(other).apply(op, self)


class Value:
    """A value of the graph that is being written.

    Args:
        rewriter: What writes.
        find: Returns its number. It is asked when the value is first used, so what no formula uses is not
            saved by the forward step.
    """

    def __init__(self, rewriter: Rewriter, find: Callable[[], int]) -> None:
        self.rewriter = rewriter
        self._find = find

    @cached_property
    def number(self) -> int:
        """Its number."""
        return self._find()

    @property
    def type(self) -> Type:
        """What it is."""
        return self.rewriter.type_of(self.number)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its feature shape."""
        return self.type.shape

    def apply(self, op: str, *others: Operand, **attributes: Any) -> "Value":
        """Return the result of an op, of which this is the first operand."""
        operands = [self.number, *(self.like(other).number for other in others)]
        number = self.rewriter.emit(op, *operands, **attributes)
        return Value(self.rewriter, lambda: number)

    def like(self, other: Operand) -> "Value":
        """Return a number as a constant; a value as it is."""
        if isinstance(other, Value):
            return other
        return Value(self.rewriter, lambda: self.rewriter.emit("constant", value=float(other)))

    def zeros(self, shape: tuple[int, ...]) -> "Value":
        """Return zeros with a value for each row."""
        return self.like(0.0).apply("broadcast", shape=shape, rows=True)

    def reshape(self, shape: tuple[int, ...]) -> "Value":
        """Return the same numbers in another shape."""
        return self.apply("reshape", shape=shape)

    def cut(self, axis: int, start: int, stop: int) -> "Value":
        """Return a slice."""
        return self.apply("slice", axis=axis, start=start, stop=stop, step=1)

    def pad(self, axis: int, before: int, after: int) -> "Value":
        """Return it with zeros before and after it."""
        sizes = [(*self.shape[:axis], size, *self.shape[axis + 1 :]) for size in (before, after)]
        first, last = ([self.zeros(shape)] if shape[axis] else [] for shape in sizes)
        head, *rest = [*first, self, *last]
        return head.apply("concat", *rest, axis=axis)

    def spread(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> "Value":
        """Undo a reduction's loss of axes: repeat along each."""
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        return self.reshape(kept).apply("broadcast", shape=shape, rows=False)

    def where(self, first: Operand, second: Operand) -> "Value":
        """Choose, by what this is."""
        return self.apply("where", first, second)

    __add__ = __radd__ = _binary("add")
    __sub__ = _binary("sub")
    __mul__ = _binary("mul")
    __truediv__ = _binary("div")
    __lt__ = _binary("lt")
    __le__ = _binary("le")
    __gt__ = _binary("gt")
    __ge__ = _binary("ge")
    __and__ = _binary("logical_and")
    __rsub__ = _reflected("sub")
    __rmul__ = _reflected("mul")

    def __neg__(self) -> "Value":
        """Return it with the other sign."""
        return self.apply("neg")

    def equals(self, other: Operand) -> "Value":
        """Compare; `==` stays Python's own."""
        return self.apply("eq", other)
