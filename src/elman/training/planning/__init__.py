"""What training will take, in memory and in time, before it begins."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = ["Memory", "PlannedMethod", "largest_hidden_size", "largest_length", "plan"]

if TYPE_CHECKING:
    from elman.training.planning.largest import largest_hidden_size, largest_length
    from elman.training.planning.memory import Memory
    from elman.training.planning.planner import PlannedMethod, plan
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "Memory": "elman.training.planning.memory",
            "PlannedMethod": "elman.training.planning.planner",
            "largest_hidden_size": "elman.training.planning.largest",
            "largest_length": "elman.training.planning.largest",
            "plan": "elman.training.planning.planner",
        },
    )
