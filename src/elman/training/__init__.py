"""Training through time: the loop, its checkpoints and its records."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "BPTT",
    "RTRL",
    "TBPTT",
    "EvaluationRecord",
    "Part",
    "PerStep",
    "Schedule",
    "SequenceBatch",
    "TrainingOptions",
    "TrainingResult",
    "TrainingTask",
    "check_device",
    "read_tensors",
    "train",
    "write_tensors",
]

if TYPE_CHECKING:
    from elman.training.devices import check_device
    from elman.training.loop import train
    from elman.training.options import TrainingOptions
    from elman.training.records import EvaluationRecord, TrainingResult
    from elman.training.task import TrainingTask
    from elman.training.tensor_files import read_tensors, write_tensors
    from elman.training.through_time import BPTT, RTRL, TBPTT, Part, PerStep, Schedule, SequenceBatch
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "EvaluationRecord": "elman.training.records",
            "TrainingOptions": "elman.training.options",
            "TrainingResult": "elman.training.records",
            "TrainingTask": "elman.training.task",
            "check_device": "elman.training.devices",
            "read_tensors": "elman.training.tensor_files",
            "train": "elman.training.loop",
            "write_tensors": "elman.training.tensor_files",
            "BPTT": "elman.training.through_time",
            "RTRL": "elman.training.through_time",
            "TBPTT": "elman.training.through_time",
            "Part": "elman.training.through_time",
            "PerStep": "elman.training.through_time",
            "Schedule": "elman.training.through_time",
            "SequenceBatch": "elman.training.through_time",
        },
    )
