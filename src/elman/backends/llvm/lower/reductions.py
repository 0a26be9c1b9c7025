"""Sums, means and extremes over features, in an order that depends on the number of features alone."""

from collections.abc import Callable
from contextlib import ExitStack

from llvmlite import ir

from elman.backends.llvm.lanes import pointwise
from elman.backends.llvm.lower.code import Code, Value, constant
from elman.backends.llvm.lower.values import Place, Row, Values
from elman.ir import Node, Stage

OPERATIONS = {
    "sum": "add",
    "mean": "add",
    "amax": "maximum",
    "max": "maximum",
    "amin": "minimum",
    "min": "minimum",
}
START = {"add": 0.0, "maximum": float("-inf"), "minimum": float("inf")}


class Reductions:
    """Writes the loops of a stage that reduces: kept axes outside, reduced axes inside.

    A lane adds every width-th number; at the end, the upper half of the lanes is added to the lower, again
    and again.

    Args:
        code: The function.
        values: What writes loads and functions.
        stage: The stage.
    """

    def __init__(self, code: Code, values: Values, stage: Stage) -> None:
        self.code, self.values, self.stage = code, values, stage
        self.shape = stage.shape
        self.last = len(stage.shape) - 1
        self.is_last_reduced = self.last in stage.axes
        self.totals = [code.variable(values.vector) for _ in stage.reductions]

    def write(self, row: Row, body: Callable[[Stage, Place], None]) -> None:
        """Write the loops of one row.

        Args:
            row: The row.
            body: Writes the functions and stores of the stage.
        """
        kept = [axis for axis in range(self.last + 1) if axis not in self.stage.axes]
        with ExitStack() as outside:
            index = {axis: outside.enter_context(self._loop(axis)) for axis in kept}
            for total, value in zip(self.totals, self.stage.reductions, strict=True):
                self.code.builder.store(self.values.constant(START[self._operation(value)]), total)
            with ExitStack() as inside:
                index |= {axis: inside.enter_context(self._loop(axis)) for axis in self.stage.axes}
                place = Place(row, [index[axis] for axis in range(self.last + 1)], self._mask(index))
                body(self.stage, place)
                self._add(place)
            self._finish(row, [index[axis] for axis in kept], self._mask(index))

    def _loop(self, axis: int):
        step = self.values.lanes.width if axis == self.last else 1
        return self.code.loop(self.values.size(self.shape[axis]), constant(step))

    def _mask(self, index: dict[int, Value]) -> Value:
        return self.values.mask(index[self.last], self.values.size(self.shape[self.last]))

    def _add(self, place: Place) -> None:
        builder = self.code.builder
        for total, value in zip(self.totals, self.stage.reductions, strict=True):
            (operand,) = self._node(value).operands
            operation = self._operation(value)
            number = self.values.get(operand, place)
            number = builder.select(place.mask, number, self.values.constant(START[operation]))
            so_far = builder.load(total, typ=self.values.vector)
            builder.store(pointwise(self.values.lanes_here, operation, [so_far, number], {}), total)

    def _finish(self, row: Row, kept: list[Value], mask: Value) -> None:
        builder, values = self.code.builder, self.values
        for total, value in zip(self.totals, self.stage.reductions, strict=True):
            result = builder.load(total, typ=values.vector)
            if self.is_last_reduced:
                result = self._across(result, self._operation(value))
            if self._node(value).op == "mean":
                result = builder.fdiv(result, values.splat(self._count()))
            view = values.staged.views[value]
            place = Place(row, kept, mask)
            if self.is_last_reduced:
                number = builder.extract_element(result, ir.Constant(ir.IntType(32), 0))
                builder.store(number, values.address_of_scalar(view, place, kept))
            else:
                place.values[value] = result
                values.store(value, view, place)

    def _across(self, vector: Value, operation: str) -> Value:
        """Reduce the lanes: halves, then halves of halves."""
        builder, width = self.code.builder, self.values.lanes.width
        distance = width // 2
        while distance:
            order = [(lane + distance) % width for lane in range(width)]
            moved = builder.shuffle_vector(
                vector, vector, ir.Constant(ir.VectorType(ir.IntType(32), width), order)
            )
            vector = pointwise(self.values.lanes_here, operation, [vector, moved], {})
            distance //= 2
        return vector

    def _count(self) -> Value:
        builder = self.code.builder
        count = constant(1)
        for axis in self.stage.axes:
            count = builder.mul(count, self.values.size(self.shape[axis]))
        return builder.sitofp(count, self.values.real)

    def _operation(self, value: int) -> str:
        return OPERATIONS[self._node(value).op]

    def _node(self, value: int) -> Node:
        graph = self.values.staged.graph
        return graph.nodes[value - len(graph.arguments)]
