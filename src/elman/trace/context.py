"""What the table of functions works with: operands, and a graph that grows by feature-wise nodes."""

from dataclasses import dataclass

import torch

from elman.ir import GraphBuilder, Type
from elman.ir.graph import Attribute
from elman.trace.merge import TensorSpec


@dataclass(frozen=True)
class Operand:
    """A tensor as the table of functions sees it.

    Args:
        value: Its number in the graph.
        spec: What it is in torch.
    """

    value: int
    spec: TensorSpec

    @property
    def row(self) -> int | None:
        """Which axis the row axis is."""
        return self.spec.row

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the feature axes."""
        return self.spec.shape

    @property
    def rank(self) -> int:
        """Number of axes in torch, the row axis included."""
        return len(self.spec.shape) + (self.spec.row is not None)


class Context:
    """The graph so far, and the call that is being lowered.

    Args:
        dtype: What the numbers of the cell are.

    Attributes:
        results: What the tensors are that torch returned from the call.
        is_exact: Whether all nodes so far give the bits that torch gave.
        observed: Names that diagnostics may ask for, each with its value.
    """

    def __init__(self, dtype: torch.dtype):
        self.builder = GraphBuilder()
        self.dtype = dtype
        self.results: list[TensorSpec] = []
        self.is_exact = True
        self.observed: dict[str, int] = {}
        self._transposed: dict[int, tuple[int, tuple[int, ...]]] = {}

    def add(self, op: str, *operands: int, **attributes: Attribute) -> int:
        """Add a node."""
        return self.builder.add(op, *operands, **attributes)

    def type_of(self, value: int) -> Type:
        """Return what a value is."""
        return self.builder.type_of(value)

    def shape_of(self, value: int) -> tuple[int, ...]:
        """Return the feature shape of a value."""
        return self.type_of(value).shape

    def constant(self, value: float) -> int:
        """Add a number."""
        return self.add("constant", value=float(value))

    def reshape(self, value: int, shape: tuple[int, ...]) -> int:
        """Reshape the features, where they are not of that shape already."""
        return value if self.shape_of(value) == shape else self.add("reshape", value, shape=shape)

    def broadcast(self, value: int, shape: tuple[int, ...]) -> int:
        """Repeat the features, where they are not of that shape already."""
        if self.shape_of(value) == shape:
            return value
        return self.add("broadcast", value, shape=shape, rows=False)

    def transpose(self, value: int, axes: tuple[int, ...]) -> int:
        """Reorder the features; an order of an order is one, and the order they are in is none."""
        origin, before = self._transposed.get(value, (value, tuple(range(len(axes)))))
        axes = tuple(before[axis] for axis in axes)
        if axes == tuple(sorted(axes)):
            return origin
        result = self.add("transpose", origin, axes=axes)
        self._transposed[result] = origin, axes
        return result

    def real(self, value: int) -> int:
        """Make a condition a number; leave a number as it is."""
        return self.add("to_real", value) if self.type_of(value).dtype == "boolean" else value
