"""The step graph, run op by op with torch: the meaning of each op, for tests. No speed is meant."""

from elman.backends.reference.functions import FUNCTIONS
from elman.backends.reference.interpreter import StepResult, make_step, run

__all__ = ["FUNCTIONS", "StepResult", "make_step", "run"]
