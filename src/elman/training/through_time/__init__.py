"""Gradients through time: how far back they reach, and when the weights move."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "BPTT",
    "RTRL",
    "TBPTT",
    "Part",
    "PerStep",
    "Schedule",
    "SequenceBatch",
]

if TYPE_CHECKING:
    from elman.training.through_time.batch import SequenceBatch
    from elman.training.through_time.bptt import BPTT
    from elman.training.through_time.part import Part
    from elman.training.through_time.per_step import PerStep
    from elman.training.through_time.rtrl import RTRL
    from elman.training.through_time.schedule import Schedule
    from elman.training.through_time.tbptt import TBPTT
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "BPTT": "elman.training.through_time.bptt",
            "Part": "elman.training.through_time.part",
            "PerStep": "elman.training.through_time.per_step",
            "RTRL": "elman.training.through_time.rtrl",
            "Schedule": "elman.training.through_time.schedule",
            "SequenceBatch": "elman.training.through_time.batch",
            "TBPTT": "elman.training.through_time.tbptt",
        },
    )
