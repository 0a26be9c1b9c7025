"""Who is told of a fit while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elman.training.records import EvaluationRecord

if TYPE_CHECKING:
    from elman.diagnostics import FlowRecord


@dataclass(frozen=True)
class Observer:
    """What is told of a fit while it runs; each does nothing unless given.

    Args:
        on_stage: called with a sentence when a new stage begins.
        on_step: called with the optimizer step and its loss.
        on_record: called with every evaluation.
        on_flow: called with every look at the flow of gradients.
    """

    on_stage: Callable[[str], None] = field(default=lambda text: None)
    on_step: Callable[[int, float], None] = field(default=lambda step, loss: None)
    on_record: Callable[[EvaluationRecord], None] = field(default=lambda record: None)
    on_flow: Callable[[FlowRecord], None] = field(default=lambda record: None)
