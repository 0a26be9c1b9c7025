"""The plain loop over `cell.forward`: the meaning of a recurrence, to which every faster way must agree."""

from elman.backends.eager.loop import Resets, run_loop

__all__ = ["Resets", "run_loop"]
