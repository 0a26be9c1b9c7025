"""A step graph -> the same step with other values as its output."""

import math
from collections.abc import Sequence

from elman.ir import GraphBuilder, StepGraph


def expose(graph: StepGraph, values: Sequence[int]) -> StepGraph:
    """A step -> the step whose output is the given values side by side, each flattened.

    A value that is the same for all rows is repeated for each.

    Cost: one walk.

    Args:
        graph: The step.
        values: Real values of the graph, one at least.
    """
    builder = GraphBuilder()
    for argument in graph.arguments:
        builder.add_argument(argument.name, argument.kind, argument.type)
    for node in graph.nodes:
        builder.source = node.source
        builder.add(node.op, *node.operands, **node.attributes)
    shown = []
    for value in values:
        shape, per_row = (math.prod(graph.type_of(value).shape),), graph.type_of(value).per_row
        flat = builder.add("reshape", value, shape=shape)
        shown.append(flat if per_row else builder.add("broadcast", flat, shape=shape, rows=True))
    return builder.finish(builder.add("concat", *shown, axis=0), graph.new_states)
