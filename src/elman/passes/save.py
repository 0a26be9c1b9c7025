"""What the backward step reads -> what the forward step saves; the rest is computed again."""

from dataclasses import replace

from elman.ir import OPS, Node, StepGradient, StepGraph
from elman.passes.rewriting import Rewriter, drop_unread, results
from elman.passes.simplify import RULES

ARITHMETIC = "add sub mul div neg abs sign relu leaky_relu reciprocal maximum minimum where clamp to_real"
LOGIC = "eq ne lt le gt ge logical_and logical_or logical_xor logical_not"
CHEAP = {*ARITHMETIC.split(), *LOGIC.split()}
COST_OF_FUNCTION = 4  # of tanh, exp and the like, in units of an addition
LIMIT = 5  # about what it costs to write a number and to read it again


def save(graph: StepGraph, gradient: StepGradient) -> StepGradient:
    """Forward values that are cheap to get from others that are kept anyway -> computed by the backward step.

    Input, states, step inputs, parameters and the output are kept in any case: tanh of a state is
    computed again, gates, which would take their products, are saved.

    Cost: one walk over what is read. Of every number that is not saved, a write and a read are spared.

    Args:
        graph: The forward step.
        gradient: Its gradient.
    """
    return _Saving(graph, gradient).run()


class _Saving:
    def __init__(self, graph: StepGraph, gradient: StepGradient) -> None:
        self.graph, self.gradient = graph, gradient
        self.kept = {*range(len(graph.arguments)), graph.output, *graph.new_states}
        self.kept |= {product.vector for product in gradient.products}
        self.rewriter = Rewriter(RULES)
        self.entered: dict[int, int] = {}
        self.again: dict[int, int] = {}

    def run(self) -> StepGradient:
        backward, builder = self.gradient.graph, self.rewriter.builder
        reads = iter(self.gradient.reads)
        read_of = {n: next(reads) for n, a in enumerate(backward.arguments) if a.kind in _READ_KINDS}
        wanted = self._wanted(read_of)
        for value in sorted(wanted):
            if self._cost(value) > LIMIT:
                self.kept.add(value)
        new: dict[int, int] = {}
        for number, argument in enumerate(backward.arguments):
            if number not in read_of:
                new[number] = builder.add_argument(argument.name, argument.kind, argument.type)
            elif read_of[number] in wanted:
                new[number] = self._read(read_of[number])
        for number, node in enumerate(backward.nodes, start=len(backward.arguments)):
            new[number] = self.rewriter.emit(node.op, *(new[o] for o in node.operands), **node.attributes)
        observed = tuple((name, new[value]) for name, value in backward.observed)
        states = tuple(new[value] for value in backward.new_states)
        result = drop_unread(builder.finish(new[backward.output], states, observed))
        return replace(self.gradient, graph=result, reads=tuple(self.entered))

    def _wanted(self, read_of: dict[int, int]) -> set[int]:
        """List what the backward step really reads; a formula may have asked for a shape alone."""
        backward = self.gradient.graph
        read = {operand for node in backward.nodes for operand in node.operands} | set(results(backward))
        return {value for number, value in read_of.items() if number in read}

    def _cost(self, value: int) -> int:
        if value in self.kept:
            return 0
        node = self._node(value)
        if OPS[node.op].category not in ("pointwise", "structural", "identity"):
            return LIMIT + 1
        own = 0 if OPS[node.op].category != "pointwise" else 1 if node.op in CHEAP else COST_OF_FUNCTION
        return own + sum(self._cost(operand) for operand in node.operands)

    def _read(self, value: int) -> int:
        if value in self.kept:
            return self._enter(value)
        if value not in self.again:
            node = self._node(value)
            operands = [self._read(operand) for operand in node.operands]
            self.again[value] = self.rewriter.emit(node.op, *operands, **node.attributes)
        return self.again[value]

    def _enter(self, value: int) -> int:
        if value not in self.entered:
            arguments = self.graph.arguments
            is_argument = value < len(arguments)
            name = arguments[value].name if is_argument else f"@{value}"
            kind = "parameter" if is_argument and arguments[value].kind == "parameter" else "step_input"
            of = self.graph.type_of(value)
            self.entered[value] = self.rewriter.builder.add_argument(name, kind, of)
        return self.entered[value]

    def _node(self, value: int) -> Node:
        return self.graph.nodes[value - len(self.graph.arguments)]


_READ_KINDS = ("step_input", "parameter")
