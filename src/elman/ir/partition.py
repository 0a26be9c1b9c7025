"""One time step in two: what all steps can compute at once, and what has to wait for the state."""

from dataclasses import dataclass

from elman.ir.graph import StepGraph


@dataclass(frozen=True)
class Partition:
    """What stands before the loop over time, and what stands in it.

    Args:
        before: Has no states, so all steps are one batch of rows. Its observed values cross into the loop;
            its output is the input, for want of another.
        loop: The rest of the step. Each value that crosses is a step input of the name it is observed by.
    """

    before: StepGraph
    loop: StepGraph

    @property
    def crossing(self) -> tuple[str, ...]:
        """Names of the values that are computed before the loop and read in it."""
        return tuple(name for name, _ in self.before.observed)
