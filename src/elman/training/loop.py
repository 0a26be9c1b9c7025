"""The training loop: steps of an optimizer, a validation now and then, the best weights kept.

Everything random in step k depends on the seed and on k alone, so a run that was cut off and
continued from its checkpoint ends with the same bits as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from elman.training.checkpoints import Checkpoint
from elman.training.evaluations import EvaluatedTraining, OnRecord, OnStep
from elman.training.options import TrainingOptions
from elman.training.records import TrainingResult
from elman.training.recovery import Diverged, Recovery, require_finite_move
from elman.training.state import TrainingState
from elman.training.steady.clipping import clip_gradients
from elman.training.task import TrainingTask


def train(
    task: TrainingTask,
    options: TrainingOptions,
    *,
    checkpoint: Path | None = None,
    configuration: Mapping[str, Any] | None = None,
    on_step: OnStep = lambda step, loss: None,
    on_record: OnRecord = lambda record: None,
) -> TrainingResult:
    """Train until the steps or the patience run out; leave the best weights in the model.

    Where a number is not finite, training recovers as the options say; each time is logged and recorded.

    Args:
        task: what to train.
        options: how, also after a number that is not finite.
        checkpoint: a file written at every evaluation. If it exists, training goes on from it.
        configuration: JSON-able values that a checkpoint must have been written with.
        on_step: called with the step and its loss; again for steps that are done again.
        on_record: called with every evaluation; a training that goes on begins with those it has done.

    Raises:
        NonFiniteError: a loss, a gradient or a weight is NaN or infinite, and was so again after every
            recovery; the model then holds the best weights so far, and the checkpoint stands at the last
            evaluation.
        RunError: the checkpoint cannot be read or written, or belongs to another configuration.
    """
    file = Checkpoint(checkpoint, options, configuration or {}) if checkpoint else None
    return _Training(task, options).run_to_end(file, on_step, on_record)


class _Training(EvaluatedTraining):
    """One training on its way, for a budget of steps."""

    def __init__(self, task: TrainingTask, options: TrainingOptions) -> None:
        self.task, self.options, self.state = task, options, TrainingState(task.model, options)
        super().__init__(self.state, Recovery(options.recovery, options.max_recoveries), options.patience)

    @property
    def is_spent(self) -> bool:
        return self.result.num_steps >= self.options.num_steps

    def do_steps(self) -> None:
        self.task.model.train()
        last = min(self.result.num_steps + self.options.evaluate_every, self.options.num_steps)
        while self.step < last:
            self.do_step()
        if not self.losses:
            raise Diverged(last, "No step since the last evaluation could be done.", can_skip=False)

    def move(self) -> tuple[float, float]:
        """Move along each loss of a step; return the means of the losses and of the gradients' norms."""
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)
        self.learning_rate = self.state.learning_rate_at(self.step)
        with self._kept_buffers():
            moves = [self._move_along(loss) for loss in self.task.losses(self.step)]
        losses, norms = zip(*moves, strict=True)
        return fmean(losses), fmean(norms)

    def leave_out(self) -> None:
        """Nothing is carried from step to step."""

    def validate(self) -> float:
        with self.state.mean_weights():
            return self.task.validation_loss()

    def _move_along(self, loss: torch.Tensor) -> tuple[float, float]:
        """Move the weights along one loss; return it and the norm of its gradient."""
        self.task.model.zero_grad(set_to_none=True)
        loss.backward()
        norm = clip_gradients(self.task.model.parameters(), norm=self.options.clip_norm)
        batch = self.task.describe_batch(self.step)
        require_finite_move(self.task.model, loss.item(), norm, self.step, batch)
        self.state.move(self.step)
        return loss.item(), norm

    @contextmanager
    def _kept_buffers(self) -> Iterator[None]:
        """Put back, for a step that is skipped, what its batch has left in running statistics."""
        if not self.recovery.skips:
            yield
            return
        before = [(buffer, buffer.clone()) for buffer in self.task.model.buffers()]
        try:
            yield
        except Diverged:
            for buffer, kept in before:
                buffer.copy_(kept)
            raise
