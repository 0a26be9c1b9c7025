"""A recurrence over whole sequences: what is computed before, in and after the loop over time."""

from collections.abc import Mapping
from dataclasses import dataclass

from elman.ir.gradient import ProductGradient, SumGradient
from elman.ir.graph import StepGraph
from elman.ir.staged import StagedGraph


@dataclass(frozen=True)
class GradientPlan:
    """How gradients go back through time.

    Args:
        loop: One step back: gradients of the states, and what crosses into what follows.
        after: What follows for all steps at once; None where nothing does. Its output is the gradient of the
            input, if that is wanted.
        sums: Gradients that are summed over rows and steps.
        products: Gradients that are products over all rows and steps.
        observed: For each name that `sums` and `products` read, the result of `loop` or `after` it is.
    """

    loop: StagedGraph
    after: StagedGraph | None
    sums: tuple[SumGradient, ...]
    products: tuple[ProductGradient, ...]
    observed: Mapping[str, str]


@dataclass(frozen=True)
class SequencePlan:
    """A recurrence, planned.

    Args:
        graph: The step it was planned from.
        before: What all steps compute at once, before the loop; None where nothing is.
        loop: One step forward. Results named @n are kept for the way back.
        saved: Those names, of `before` and of `loop`.
        gradient: The way back; None where no gradient is wanted.
    """

    graph: StepGraph
    before: StagedGraph | None
    loop: StagedGraph
    saved: tuple[str, ...]
    gradient: GradientPlan | None
