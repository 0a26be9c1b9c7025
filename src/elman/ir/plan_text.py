"""The plan of a recurrence as text, to be read by a person."""

from collections.abc import Iterator

from elman.ir.graph import Node
from elman.ir.sequence import SequencePlan
from elman.ir.staged import Stage, StagedGraph, View


def print_plan(plan: SequencePlan) -> str:
    """Return what is computed before, in and after the loop over time, loop by loop.

    Args:
        plan: The plan.
    """
    gradient = plan.gradient
    parts = {
        "before the loop, all steps at once": plan.before,
        "in the loop": plan.loop,
        "in the loop, backward": gradient and gradient.loop,
        "after it, all steps at once": gradient and gradient.after,
    }
    lines = [line for title, staged in parts.items() if staged for line in (title, *_describe(staged))]
    if gradient:
        lines.append("gradients over all rows and steps")
        names = [argument.name for argument in plan.graph.arguments]
        weights = sorted({names[part.argument] for part in gradient.products})
        sums = sorted({names[part.argument] for part in gradient.sums})
        lines += [f"    product: {name}" for name in weights] + [f"    sum: {name}" for name in sums]
    if plan.saved:
        lines.append(f"kept for the way back: {', '.join(plan.saved)}")
    return "\n".join(lines)


def _describe(staged: StagedGraph) -> Iterator[str]:
    for number, stage in enumerate(staged.stages):
        sizes = " x ".join(map(str, stage.shape)) or "1"
        yield f"    loop {number} over {sizes} features"
        yield from (f"        {line}" for line in _lines(staged, stage))


def _lines(staged: StagedGraph, stage: Stage) -> Iterator[str]:
    for accumulator in stage.accumulators:
        terms = [
            f"{_place(staged, product.weight)} * {_place(staged, product.vector)}"
            for product in accumulator.products
        ]
        yield f"%{accumulator.value} = {' + '.join(terms)}"
    for value in stage.nodes:
        yield f"%{value} = {_node(staged, value)}"
    for value in stage.reductions:
        yield f"%{value} = {_node(staged, value)} over axes {list(stage.axes)}"
    for store in stage.stores:
        yield f"{_place(staged, store.view)} <- {_name(staged, store.value)}"


def _node(staged: StagedGraph, value: int) -> str:
    graph = staged.graph
    node: Node = graph.nodes[value - len(graph.arguments)]
    return f"{node.op}({', '.join(_name(staged, operand) for operand in node.operands)})"


def _name(staged: StagedGraph, value: int) -> str:
    arguments = staged.graph.arguments
    return arguments[value].name if value < len(arguments) else f"%{value}"


def _place(staged: StagedGraph, view: View) -> str:
    name = staged.buffers[view.buffer].name
    return f"{name}[{view.offset}:]" if view.offset else name
