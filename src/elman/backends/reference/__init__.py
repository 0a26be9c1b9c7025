"""The step graph, run op by op with torch: the meaning of each op, for tests. No speed is meant."""

from elman.backends.reference.functions import FUNCTIONS
from elman.backends.reference.gradient import LoopGradient, run_backward, run_steps
from elman.backends.reference.interpreter import StepResult, make_step, run

__all__ = ["FUNCTIONS", "LoopGradient", "StepResult", "make_step", "run", "run_backward", "run_steps"]
