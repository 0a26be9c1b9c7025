"""Training through time: the loop, its checkpoints and its records."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "BPTT",
    "RTRL",
    "TBPTT",
    "EvaluationRecord",
    "GradientFlowPenalty",
    "Memory",
    "NonFinite",
    "Part",
    "PerStep",
    "PlannedMethod",
    "RecoveryRecord",
    "Schedule",
    "SequenceBatch",
    "TrainingOptions",
    "TrainingResult",
    "TrainingTask",
    "check_device",
    "clip_gradients",
    "find_non_finite",
    "init_recurrent_",
    "largest_hidden_size",
    "largest_length",
    "plan",
    "read_tensors",
    "set_forget_bias_",
    "train",
    "write_tensors",
]

if TYPE_CHECKING:
    from elman.training.devices import check_device
    from elman.training.loop import train
    from elman.training.options import TrainingOptions
    from elman.training.planning import Memory, PlannedMethod, largest_hidden_size, largest_length, plan
    from elman.training.records import EvaluationRecord, RecoveryRecord, TrainingResult
    from elman.training.steady import (
        GradientFlowPenalty,
        NonFinite,
        clip_gradients,
        find_non_finite,
        init_recurrent_,
        set_forget_bias_,
    )
    from elman.training.task import TrainingTask
    from elman.training.tensor_files import read_tensors, write_tensors
    from elman.training.through_time import BPTT, RTRL, TBPTT, Part, PerStep, Schedule, SequenceBatch
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "BPTT": "elman.training.through_time",
            "EvaluationRecord": "elman.training.records",
            "GradientFlowPenalty": "elman.training.steady",
            "NonFinite": "elman.training.steady",
            "Part": "elman.training.through_time",
            "PerStep": "elman.training.through_time",
            "RTRL": "elman.training.through_time",
            "RecoveryRecord": "elman.training.records",
            "Memory": "elman.training.planning",
            "PlannedMethod": "elman.training.planning",
            "largest_hidden_size": "elman.training.planning",
            "largest_length": "elman.training.planning",
            "plan": "elman.training.planning",
            "Schedule": "elman.training.through_time",
            "SequenceBatch": "elman.training.through_time",
            "TBPTT": "elman.training.through_time",
            "TrainingOptions": "elman.training.options",
            "TrainingResult": "elman.training.records",
            "TrainingTask": "elman.training.task",
            "check_device": "elman.training.devices",
            "clip_gradients": "elman.training.steady",
            "find_non_finite": "elman.training.steady",
            "init_recurrent_": "elman.training.steady",
            "read_tensors": "elman.training.tensor_files",
            "set_forget_bias_": "elman.training.steady",
            "train": "elman.training.loop",
            "write_tensors": "elman.training.tensor_files",
        },
    )
