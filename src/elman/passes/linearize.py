"""A step graph -> its forward tangent: how the new states move when the states, or some values, move."""

from collections.abc import Collection

from elman.ir import OPS, Node, StepGraph, Type
from elman.passes.derivatives import Value, derivative
from elman.passes.rewriting import Rewriter, drop_unread
from elman.passes.simplify import RULES

PREFIX = "d "


def linearize(graph: StepGraph, probed: Collection[int] = ()) -> StepGraph:
    """A step -> the step and its tangent, side by side.

        s' = f(x, s)                  s' = f(x, s), ds' = df/ds ds + sum over probes of ds'/dv dv
        y  = g(x, s)           ->     dy likewise, which is the output

    The tangents of the states are states themselves, behind the others; the tangent dv of each probed value,
    in the order of the graph, is a step input "d @v" of that value's shape, with a value for each row.
    Formulas are those of the one table of derivatives: a pointwise op's gradient times its tangent is its
    tangent, a linear op is its own. A clip is for gradients on the way back: its tangent is whole.

    Cost: one walk; the step has about three times the ops.

    Args:
        graph: The step.
        probed: Values of the graph that move beside the states; a part of a parameter, too, each row's own.
    """
    return _Walk(graph, frozenset(probed)).run()


class _Walk:
    """The step with its tangent, so far."""

    def __init__(self, graph: StepGraph, probed: frozenset[int]) -> None:
        self.graph, self.probed = graph, probed
        self.rewriter = Rewriter(RULES)
        self.values: list[Value] = []
        self.tangents: dict[int, Value] = {}

    def run(self) -> StepGraph:
        graph, builder = self.graph, self.rewriter.builder
        for argument in graph.arguments:
            self.values.append(self._value(builder.add_argument(argument.name, argument.kind, argument.type)))
        for number in graph.of_kind("state"):
            argument = graph.arguments[number]
            entering = builder.add_argument(f"{PREFIX}{argument.name}", "state", argument.type)
            self.tangents[number] = self._value(entering)
        for number in range(graph.num_values):
            if number >= len(graph.arguments):
                self._compute(number, graph.nodes[number - len(graph.arguments)])
            if number in self.probed:
                self._probe(number)
        return drop_unread(self._finish())

    def _compute(self, number: int, node: Node) -> None:
        self.rewriter.builder.source = node.source
        numbers = [self.values[operand].number for operand in node.operands]
        self.values.append(self._value(self.rewriter.emit(node.op, *numbers, **node.attributes)))
        parts = [self._through(node, number, place) for place in range(len(node.operands))]
        if node.op == "concat":
            parts = [self._concat(node)]
        for part in parts:
            if part is not None:
                self._add(number, part)

    def _through(self, node: Node, number: int, place: int) -> Value | None:
        """Return what the tangent of one operand adds to that of the result."""
        tangent = self.tangents.get(node.operands[place])
        formula = derivative(node.op, place)
        if tangent is None or formula is None or node.op == "concat":
            return None
        category = OPS[node.op].category
        if category == "identity":
            return tangent
        if category == "structural":
            return tangent.apply(node.op, **node.attributes)
        if category == "linear":
            return self._linear(node, place, tangent)
        operands = [self.values[operand] for operand in node.operands]
        if category == "reduction":
            weights = formula(_ones(self.values[number]), self.values[number], *operands, **node.attributes)
            return weights and (weights * tangent).apply("sum", axes=node.attributes["axes"])
        return formula(tangent, self.values[number], *operands, **node.attributes)

    def _linear(self, node: Node, place: int, tangent: Value) -> Value:
        vector, weight = (self.values[operand] for operand in node.operands[:2])
        if place == 0:
            return tangent.apply(node.op, weight)
        if place == 2:
            return tangent
        # The weight has a tangent for each row, so this is no product of rows with one weight.
        shape = tangent.shape
        spread = vector.reshape((*vector.shape[:-1], 1, vector.shape[-1]))
        spread = spread.apply("broadcast", shape=shape, rows=False)
        return (tangent * spread).apply("sum", axes=(len(shape) - 1,))

    def _concat(self, node: Node) -> Value | None:
        if not any(operand in self.tangents for operand in node.operands):
            return None
        first, *rest = (
            self.tangents.get(operand) or self.values[operand].zeros(self.values[operand].shape)
            for operand in node.operands
        )
        return first.apply("concat", *rest, **node.attributes)

    def _probe(self, number: int) -> None:
        shape = self.values[number].shape
        name = f"{PREFIX}@{number}"
        entering = self.rewriter.builder.add_argument(name, "step_input", Type(shape))
        self._add(number, self._value(entering))

    def _add(self, number: int, tangent: Value) -> None:
        shape = self.values[number].shape
        if tangent.shape != shape:  # a scalar that stands for every feature
            tangent = tangent.apply("broadcast", shape=shape, rows=False)
        known = self.tangents.get(number)
        self.tangents[number] = tangent if known is None else known + tangent

    def _finish(self) -> StepGraph:
        states = [self.values[number].number for number in self.graph.new_states]
        tangents = [self._tangent(number) for number in self.graph.new_states]
        return self.rewriter.builder.finish(self._tangent(self.graph.output), (*states, *tangents))

    def _tangent(self, number: int) -> int:
        tangent = self.tangents.get(number)
        value = self.values[number]
        return value.zeros(value.shape).number if tangent is None else tangent.number

    def _value(self, number: int) -> Value:
        return Value(self.rewriter, lambda: number)


def _ones(value: Value) -> Value:
    return value.like(1.0).apply("broadcast", shape=value.shape, rows=False)
