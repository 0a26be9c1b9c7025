"""A recorded step -> the plan of a recurrence: all passes, in order."""

from collections.abc import Collection
from dataclasses import replace

from elman.ir import GradientPlan, SequencePlan, StagedGraph, StepGradient, StepGraph
from elman.passes.defer import defer
from elman.passes.differentiate import differentiate
from elman.passes.gather_products import gather_products
from elman.passes.partition import partition
from elman.passes.save import save
from elman.passes.simplify import share, simplify
from elman.passes.split_blocks import split_blocks
from elman.passes.split_products import split_products
from elman.passes.stages import stages


def plan(graph: StepGraph, wanted: Collection[str] | None = None) -> SequencePlan:
    """A step -> what is computed before, in and after the loop over time, each a list of stages.

        graph --simplify, share, split_products--> one form of products
              --differentiate, save--> the step back, and what it needs kept
              --partition, defer--> before | in | after the loop
              --split_blocks, gather_products, stages--> loops over features

    Args:
        graph: The step, as recorded.
        wanted: Names of the arguments whose gradients are wanted, the states' beside them; None for a
            forward pass alone.

    Raises:
        GraphError: The step has a product that no kernel takes.
    """
    graph = canonical(graph)
    gradient = None if wanted is None else save(graph, differentiate(graph, wanted))
    saved = _saved(graph, gradient) if gradient else ()
    parts = partition(replace(graph, observed=tuple((f"@{value}", value) for value in saved)))
    before = _staged(parts.before, has_output=False) if parts.before.observed else None
    way_back = gradient and _plan_gradient(gradient, "input" in (wanted or ()))
    return SequencePlan(graph, before, _staged(parts.loop), tuple(f"@{value}" for value in saved), way_back)


def canonical(graph: StepGraph) -> StepGraph:
    """A step as written -> the step with one form of products and nothing superfluous.

    Args:
        graph: The step; its observed values are dropped.
    """
    return simplify(share(split_products(simplify(graph))))


def _plan_gradient(gradient: StepGradient, wants_input: bool) -> GradientPlan:
    parts = defer(gradient.graph)
    has_after = wants_input or parts.after.observed
    after = _staged(parts.after, has_output=wants_input) if has_after else None
    loop = _staged(parts.loop, has_output=False, owns_states=True)
    return GradientPlan(loop, after, gradient.sums, gradient.products, parts.gradients)


def _saved(graph: StepGraph, gradient: StepGradient) -> list[int]:
    """List the values, no arguments among them, that the way back reads."""
    read = {*gradient.reads, *(product.vector for product in gradient.products)}
    return sorted(value for value in read if value >= len(graph.arguments))


def _staged(graph: StepGraph, *, has_output: bool = True, owns_states: bool = False) -> StagedGraph:
    names = [name for name, _ in graph.observed]
    ready = simplify(gather_products(split_blocks(graph)), names)
    return stages(ready, has_output=has_output, owns_states=owns_states)
