"""What a training writes down about itself. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluationRecord:
    """One line of the learning curve.

    Args:
        step: optimizer steps done.
        seconds: training time so far, resumed runs included.
        loss: mean training loss since the last record.
        validation_loss: loss on the validation part.
        learning_rate: at this step.
        gradient_norm: mean norm of the gradient before clipping.
        is_best: True if this is the best validation loss so far.
    """

    step: int
    seconds: float
    loss: float
    validation_loss: float
    learning_rate: float
    gradient_norm: float
    is_best: bool
