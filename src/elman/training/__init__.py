"""Training through time: the loop, its checkpoints and its records."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "EvaluationRecord",
    "TrainingOptions",
    "TrainingResult",
    "TrainingTask",
    "read_tensors",
    "train",
    "write_tensors",
]

if TYPE_CHECKING:
    from elman.training.checkpoints import read_tensors, write_tensors
    from elman.training.loop import TrainingOptions, TrainingResult, TrainingTask, train
    from elman.training.records import EvaluationRecord
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "EvaluationRecord": "elman.training.records",
            "TrainingOptions": "elman.training.loop",
            "TrainingResult": "elman.training.loop",
            "TrainingTask": "elman.training.loop",
            "read_tensors": "elman.training.checkpoints",
            "train": "elman.training.loop",
            "write_tensors": "elman.training.checkpoints",
        },
    )
