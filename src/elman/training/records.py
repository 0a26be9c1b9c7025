"""What a training writes down about itself. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass, field


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
        num_recoveries: how often since the last record a number was not finite, and training went on.
    """

    step: int
    seconds: float
    loss: float
    validation_loss: float
    learning_rate: float
    gradient_norm: float
    is_best: bool
    num_recoveries: int = 0


@dataclass(frozen=True)
class RecoveryRecord:
    """A number that was not finite, and what was done about it.

    Args:
        step: where it appeared.
        cause: what it was, in a sentence.
        went_back_to: the step whose weights training went on from.
        learning_rate_factor: what the learning rate of the options is multiplied by from then on.
    """

    step: int
    cause: str
    went_back_to: int
    learning_rate_factor: float


@dataclass
class TrainingResult:
    """What a training did; the model holds the weights of the best evaluation.

    Args:
        curve: one record per evaluation, those of earlier sittings included.
        recoveries: what was not finite on the way, and what was done about it.
    """

    curve: list[EvaluationRecord] = field(default_factory=list)
    recoveries: list[RecoveryRecord] = field(default_factory=list)

    @property
    def num_steps(self) -> int:
        """Steps done and evaluated."""
        return self.curve[-1].step if self.curve else 0

    @property
    def seconds(self) -> float:
        """Time spent in steps and evaluations, earlier sittings included."""
        return self.curve[-1].seconds if self.curve else 0.0

    @property
    def best(self) -> EvaluationRecord | None:
        """The evaluation whose weights are kept."""
        return min(self.curve, key=lambda record: record.validation_loss, default=None)

    @property
    def evaluations_since_best(self) -> int:
        """Evaluations after the best one."""
        return len(self.curve) - 1 - self.curve.index(self.best) if self.best else 0
