"""A step graph -> its gradient: one walk back, by the table of derivatives."""

from collections.abc import Collection

from elman.errors import GraphError
from elman.ir import OPS, Node, ProductGradient, Range, StepGradient, StepGraph, SumGradient
from elman.ir.rules import same_shape
from elman.passes.derivatives import Value, derivative
from elman.passes.forward_values import ForwardValues
from elman.passes.rewriting import Rewriter, drop_unread
from elman.passes.simplify import RULES

PREFIX = "dL/d"


def differentiate(
    graph: StepGraph, wanted: Collection[str] | None = None, *, output_has_gradient: bool = True
) -> StepGradient:
    """A step -> the step that takes gradients back through it.

    Formulas, kinks and ties are torch's. Parts of parameters have gradients of parts; a weight's gradient is
    a product that is left to be made over all steps at once. Of the forward step's values only those that a
    formula needs are read; what depends on parameters and constants alone is computed again.

    Cost: one walk; the backward step has about twice the products of the forward step, half of them outside
    the loop.

    Args:
        graph: The step.
        wanted: Names of the arguments whose gradients are wanted, all of them if None. Those of the states
            are made in any case.
        output_has_gradient: Whether the loss reads the outputs; if not, it is one on the last state alone.

    Raises:
        GraphError: `clip_gradient` is put on a value that is the same for all rows: the sum over the rows
            would have to be clipped, not each row's part.
    """
    return _Walk(graph, wanted).run(output_has_gradient)


class _Walk:
    """The backward step so far."""

    def __init__(self, graph: StepGraph, wanted: Collection[str] | None) -> None:
        self.graph = graph
        self.rewriter = Rewriter(RULES)
        self.adjoints: dict[int, Value] = {}
        self.forward = ForwardValues(graph, self.rewriter)
        self.active = _active(graph, wanted)
        self.sums: list[SumGradient] = []
        self.products: list[ProductGradient] = []
        self.observed: dict[str, int] = {}

    def run(self, output_has_gradient: bool) -> StepGradient:
        self._enter_gradients(output_has_gradient)
        num_arguments = len(self.graph.arguments)
        for number in reversed(range(num_arguments, self.graph.num_values)):
            if number in self.adjoints:
                self._pass_back(number, self.graph.nodes[number - num_arguments])
        for kind in ("step_input", "parameter"):
            for number in self.graph.of_kind(kind):
                if number in self.adjoints:
                    self._leave_sum(number, number, ())
        reads = tuple(self.forward.entered)
        return StepGradient(self._finish(), reads, tuple(self.sums), tuple(self.products))

    def _enter_gradients(self, output_has_gradient: bool) -> None:
        builder, graph = self.rewriter.builder, self.graph
        entering = builder.add_argument(f"{PREFIX}output", "input", graph.type_of(graph.output))
        if output_has_gradient:
            self._add(graph.output, self._value(entering))
        for state, new_state in zip(graph.of_kind("state"), graph.new_states, strict=True):
            name = f"{PREFIX}{graph.arguments[state].name}"
            self._add(new_state, self._value(builder.add_argument(name, "state", graph.type_of(state))))

    def _finish(self) -> StepGraph:
        (input,) = self.graph.of_kind("input")
        output, *states = (self._result(value) for value in (input, *self.graph.of_kind("state")))
        graph = self.rewriter.builder.finish(output, tuple(states), tuple(self.observed.items()))
        return drop_unread(graph)

    def _pass_back(self, number: int, node: Node) -> None:
        self.rewriter.builder.source = node.source
        if node.op == "slice" and self.forward.is_part_of_parameter(number):
            return self._leave_sum(number, *self.forward.part(number))
        for place, operand in enumerate(node.operands):
            if operand in self.active:
                is_weight = OPS[node.op].category == "linear" and place == 1
                if is_weight and self.forward.weight(operand):
                    self._leave_product(number, node)
                else:
                    self._pass_to(number, node, place)
        return None

    def _pass_to(self, number: int, node: Node, place: int) -> None:
        formula = derivative(node.op, place)
        if formula is None:
            return
        if node.op == "clip_gradient" and not node.type.per_row:
            raise GraphError(f"clip_gradient at %{number} is put on a value that all rows share.")
        operands = [self.forward.value(operand) for operand in node.operands]
        gradient = formula(self.adjoints[number], self.forward.value(number), *operands, **node.attributes)
        if gradient is not None:
            self._add(node.operands[place], self._fit(gradient, node, node.operands[place]))

    def _fit(self, gradient: Value, node: Node, operand: int) -> Value:
        """A scalar that stood for every feature gets the sum over them."""
        is_spread = OPS[node.op].shape_rule is same_shape and self.graph.type_of(operand).shape == ()
        axes = tuple(range(len(gradient.shape)))
        return gradient.apply("sum", axes=axes) if is_spread and axes else gradient

    def _add(self, value: int, gradient: Value) -> None:
        if value in self.active:
            known = self.adjoints.get(value)
            self.adjoints[value] = gradient if known is None else known + gradient

    def _leave_sum(self, value: int, argument: int, ranges: tuple[Range, ...]) -> None:
        self.sums.append(SumGradient(argument, ranges, self._observe(value)))

    def _leave_product(self, number: int, node: Node) -> None:
        vector, weight, *_ = node.operands
        part = self.forward.weight(weight)
        assert part is not None
        argument, ranges, is_transposed = part
        self.products.append(ProductGradient(argument, ranges, self._observe(number), vector, is_transposed))

    def _observe(self, value: int) -> str:
        name = f"{PREFIX}{self.forward.name(value)}"
        self.observed[name] = self.adjoints[value].number
        return name

    def _result(self, value: int) -> int:
        if value in self.adjoints:
            return self.adjoints[value].number
        # Any value does: it is asked for zeros alone.
        return self._value(0).zeros(self.graph.type_of(value).shape).number

    def _value(self, number: int) -> Value:
        return Value(self.rewriter, lambda: number)


def _active(graph: StepGraph, wanted: Collection[str] | None) -> set[int]:
    """List the values on a way from a wanted argument."""
    active = {
        number
        for number, argument in enumerate(graph.arguments)
        if argument.type.dtype == "real"
        and (wanted is None or argument.name in wanted or argument.kind == "state")
    }
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        places = [place for place, operand in enumerate(node.operands) if operand in active]
        if any(derivative(node.op, place) for place in places):
            active.add(number)
    return active
