"""One backward step in two: what the gradients of the states need, and what can follow the loop."""

from collections.abc import Mapping
from dataclasses import dataclass

from elman.ir.graph import StepGraph


@dataclass(frozen=True)
class Deferral:
    """What stands in the loop over time, and what stands after it.

    Args:
        loop: Gives the gradients of the states. Its observed values cross into what follows; its output is
            the first of them all, for want of another.
        after: Has no states, so all steps are one batch of rows. Each value that crosses is a step input of
            the name it is observed by. Its output is the gradient of the input.
        gradients: For each observed gradient of the whole step, the value of `loop` it is observed by there,
            or its own name where `after` gives it.
    """

    loop: StepGraph
    after: StepGraph
    gradients: Mapping[str, str]
