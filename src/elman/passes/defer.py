"""A backward step -> what the gradients of the states wait for; the rest, after the loop."""

from elman.ir import OPS, Deferral, GraphBuilder, StepGraph
from elman.passes.rewriting import drop_unread


def defer(graph: StepGraph) -> Deferral:
    """A backward step -> what the gradients of the states need; the rest, for all steps at once.

        dz = dh (1 - h h), dx = W' dz, dh = U' dz   ->   in the loop: dz, dh     after it: dx = W' dz

    What depends on saved values alone and takes one pass over them is computed on both sides, not carried.

    Cost: two walks. A number that crosses is written and read once; the products of all steps are one.

    Args:
        graph: The backward step.
    """
    late = _late(graph)
    light = _light(graph)
    after = _after(graph, late, light)
    crossing = sorted(_crossing(graph, late, after))
    names = {value: f"&{value}" for value in crossing}
    gradients = {name: names.get(value, name) for name, value in graph.observed}
    return Deferral(_make_loop(graph, late, names), _make_after(graph, after, names), gradients)


def _node(graph: StepGraph, value: int):
    place = value - len(graph.arguments)
    return graph.nodes[place] if place >= 0 else None


def _late(graph: StepGraph) -> set[int]:
    """List the nodes that the new states depend on."""
    needed = set(graph.new_states)
    for number in reversed(range(len(graph.arguments), graph.num_values)):
        if number in needed:
            needed |= set(graph.nodes[number - len(graph.arguments)].operands)
    return {value for value in needed if value >= len(graph.arguments)}


def _light(graph: StepGraph) -> set[int]:
    """List what depends on saved values and parameters alone, by pointwise functions and views."""
    light = {*graph.of_kind("step_input"), *graph.of_kind("parameter")}
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        is_light = OPS[node.op].category in ("pointwise", "structural") or not node.type.per_row
        if is_light and light.issuperset(node.operands):
            light.add(number)
    return light


def _after(graph: StepGraph, late: set[int], light: set[int]) -> set[int]:
    """List the nodes that are computed after the loop."""
    wanted = {graph.output, *(value for _, value in graph.observed if value not in late)}
    after: set[int] = set()
    for number in reversed(range(len(graph.arguments), graph.num_values)):
        if number in wanted and (number not in late or number in light):
            after.add(number)
            wanted |= set(graph.nodes[number - len(graph.arguments)].operands)
    return after


def _crossing(graph: StepGraph, late: set[int], after: set[int]) -> set[int]:
    read = {operand for number in after for operand in graph.nodes[number - len(graph.arguments)].operands}
    read |= {graph.output} - after
    carried = {value for value in read if value in late and value not in after}
    carried |= read & {*graph.of_kind("state")}
    carried |= {value for _, value in graph.observed if value in late or value in graph.of_kind("state")}
    return carried


def _make_loop(graph: StepGraph, late: set[int], names: dict[int, str]) -> StepGraph:
    builder = GraphBuilder()
    new = _arguments(graph, builder)
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        if number in late:
            builder.source = node.source
            new[number] = builder.add(node.op, *(new[v] for v in node.operands), **node.attributes)
    states = tuple(new[value] for value in graph.new_states)
    (input,) = graph.of_kind("input")
    output = states[0] if states else new[input]
    return drop_unread(builder.finish(output, states, tuple((names[v], new[v]) for v in names)))


def _make_after(graph: StepGraph, after: set[int], names: dict[int, str]) -> StepGraph:
    builder = GraphBuilder()
    new = _arguments(graph, builder, without="state")
    for value, name in names.items():
        new[value] = builder.add_argument(name, "step_input", graph.type_of(value))
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        if number in after:
            builder.source = node.source
            new[number] = builder.add(node.op, *(new[v] for v in node.operands), **node.attributes)
    observed = tuple((name, new[value]) for name, value in graph.observed if value not in names)
    return drop_unread(builder.finish(new[graph.output], (), observed))


def _arguments(graph: StepGraph, builder: GraphBuilder, without: str = "") -> dict[int, int]:
    return {
        number: builder.add_argument(argument.name, argument.kind, argument.type)
        for number, argument in enumerate(graph.arguments)
        if argument.kind != without
    }
