"""The plain loop over `cell.forward`: the meaning of a recurrence, to which every faster way must agree."""

from elman.backends.eager.loop import Resets, run_loop
from elman.backends.eager.step_inputs import StepInputs, draw_step_inputs

__all__ = ["Resets", "StepInputs", "draw_step_inputs", "run_loop"]
