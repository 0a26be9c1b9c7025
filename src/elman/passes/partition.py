"""A step graph -> what can be computed for all steps before the loop, and what is left in it."""

from elman.ir import GraphBuilder, Partition, StepGraph
from elman.passes.rewriting import drop_unread, results


def partition(graph: StepGraph) -> Partition:
    """A step -> what depends on no state, for all steps at once; the rest, step by step.

        h = tanh(W x + b + U h)   ->   before: p = W x + b     in the loop: h = tanh(p + U h)

    Run it on split products: one product of input and state side by side has no part that can go before. What
    depends on parameters and constants alone stays beside its readers, and what depends on a step input that
    all rows share stays in the loop: in a batch of all steps it would be no longer shared.

    Cost: two walks. A number that crosses is written and read once; the products of all steps are one.

    Args:
        graph: The step; values observed in it stay observed in the loop.
    """
    early = _before(graph)
    crossing = [value for value in sorted(_read_in_loop(graph, early)) if value in early]
    return Partition(_make_before(graph, early, crossing), _make_loop(graph, early, crossing))


def _before(graph: StepGraph) -> set[int]:
    """List the nodes that depend on a value of all rows and steps, and on no state."""
    step_inputs = graph.of_kind("step_input")
    of_rows = {value for value in step_inputs if graph.type_of(value).per_row}
    late = {*graph.of_kind("state"), *step_inputs} - of_rows
    moving = {*graph.of_kind("input"), *of_rows}
    early: set[int] = set()
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        operands = set(node.operands)
        if operands & late:
            late.add(number)
        elif operands & moving:
            moving.add(number)
            early.add(number)
    return early


def _read_in_loop(graph: StepGraph, early: set[int]) -> set[int]:
    read = set(results(graph))
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        read |= set(node.operands) if number not in early else set()
    return read


def _make_before(graph: StepGraph, early: set[int], crossing: list[int]) -> StepGraph:
    builder = GraphBuilder()
    new = _arguments(graph, builder, without="state")
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        if number in early or all(operand in new for operand in node.operands):
            builder.source = node.source
            new[number] = builder.add(node.op, *(new[v] for v in node.operands), **node.attributes)
    (input,) = graph.of_kind("input")
    return drop_unread(builder.finish(new[input], (), tuple((_name(v), new[v]) for v in crossing)))


def _make_loop(graph: StepGraph, early: set[int], crossing: list[int]) -> StepGraph:
    builder = GraphBuilder()
    new = _arguments(graph, builder)
    for value in crossing:
        new[value] = builder.add_argument(_name(value), "step_input", graph.type_of(value))
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        if number not in early:
            builder.source = node.source
            new[number] = builder.add(node.op, *(new[v] for v in node.operands), **node.attributes)
    observed = tuple((name, new[value]) for name, value in graph.observed)
    states = tuple(new[value] for value in graph.new_states)
    return drop_unread(builder.finish(new[graph.output], states, observed))


def _name(value: int) -> str:
    return f"@{value}"


def _arguments(graph: StepGraph, builder: GraphBuilder, without: str = "") -> dict[int, int]:
    return {
        number: builder.add_argument(argument.name, argument.kind, argument.type)
        for number, argument in enumerate(graph.arguments)
        if argument.kind != without
    }
