"""The training loop: steps of an optimizer, a validation now and then, the best weights kept.

Everything random in step k depends on the seed and on k alone, so a run that was cut off and
continued from its checkpoint ends with the same bits as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from elman.training.checkpoints import Checkpoint
from elman.training.options import TrainingOptions
from elman.training.records import EvaluationRecord, TrainingResult
from elman.training.recovery import Diverged, Recovery, require_finite_move
from elman.training.state import TrainingState
from elman.training.steady.clipping import clip_gradients
from elman.training.task import TrainingTask

OnStep = Callable[[int, float], None]


def train(
    task: TrainingTask,
    options: TrainingOptions,
    *,
    checkpoint: Path | None = None,
    configuration: Mapping[str, Any] | None = None,
    on_step: OnStep = lambda step, loss: None,
    on_record: Callable[[EvaluationRecord], None] = lambda record: None,
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
    training = _Training(task, options)
    file = Checkpoint(checkpoint, options, configuration or {}) if checkpoint else None
    try:
        if file:
            training.result = file.restore(training.state)
        for record in training.result.curve:
            on_record(record)
        with _own_randomness():
            task.model.train()
            while not training.is_finished:
                record = training.run_until_evaluation(on_step)
                if file:
                    file.save(training.state, training.result)
                on_record(record)
    finally:
        training.state.leave_best_weights()
    return training.result


class _Training:
    """One training on its way: what moves, and what was done."""

    def __init__(self, task: TrainingTask, options: TrainingOptions) -> None:
        self.task, self.options = task, options
        self.state, self.result = TrainingState(task.model, options), TrainingResult()
        self.recovery = Recovery(options.recovery, options.max_recoveries)

    @property
    def is_finished(self) -> bool:
        result, options = self.result, self.options
        return result.num_steps >= options.num_steps or result.evaluations_since_best >= options.patience

    def run_until_evaluation(self, on_step: OnStep) -> EvaluationRecord:
        begin, self.recovery.num_times = time.perf_counter(), 0
        good = {name: tensor.clone() for name, tensor in self.state.tensors().items()}
        while True:
            try:
                losses, norms = self._do_steps(on_step)
                validation_loss = self._validate()
                break
            except Diverged as failure:
                self._recover(failure, good)
        best = self.result.best
        record = EvaluationRecord(
            step=self._last,
            seconds=self.result.seconds + time.perf_counter() - begin,
            loss=fmean(losses),
            validation_loss=validation_loss,
            learning_rate=self.state.learning_rate_at(self._last),
            gradient_norm=fmean(norms),
            is_best=best is None or validation_loss < best.validation_loss,
            num_recoveries=self.recovery.num_times,
        )
        if record.is_best:
            self.state.keep_mean_as_best()
        self.result.curve.append(record)
        return record

    @property
    def _last(self) -> int:
        """The step of the next evaluation."""
        return min(self.result.num_steps + self.options.evaluate_every, self.options.num_steps)

    def _do_steps(self, on_step: OnStep) -> tuple[list[float], list[float]]:
        """Do the steps until the next evaluation; return their losses and gradient norms."""
        losses, norms = [], []
        for step in range(self.result.num_steps + 1, self._last + 1):
            try:
                with self._kept_buffers():
                    loss, norm = self._step(step)
            except Diverged as failure:
                if not self.recovery.skips:
                    raise
                self._recover(failure, {})
                continue
            losses.append(loss)
            norms.append(norm)
            on_step(step, loss)
        if not losses:
            raise Diverged(self._last, "No step since the last evaluation could be done.", can_skip=False)
        return losses, norms

    def _step(self, step: int) -> tuple[float, float]:
        """Move along each loss of a step; return the means of the losses and of the gradients' norms."""
        torch.manual_seed(self.options.seed * 1_000_003 + step)
        moves = [self._move(step, loss) for loss in self.task.losses(step)]
        losses, norms = zip(*moves, strict=True)
        return fmean(losses), fmean(norms)

    def _move(self, step: int, loss: torch.Tensor) -> tuple[float, float]:
        """Move the weights along one loss; return it and the norm of its gradient."""
        self.task.model.zero_grad(set_to_none=True)
        loss.backward()
        norm = clip_gradients(self.task.model.parameters(), norm=self.options.clip_norm)
        require_finite_move(self.task.model, loss.item(), norm, step, self.task.describe_batch(step))
        self.state.move(step)
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

    def _validate(self) -> float:
        name = self.state.find_non_finite()
        if name is not None:
            raise Diverged(self._last, f"`{name}` is not finite after step {self._last}.", can_skip=False)
        with self.state.mean_weights():
            loss = self.task.validation_loss()
        if not isfinite(loss):
            cause = f"The validation loss became {loss} at step {self._last}."
            raise Diverged(self._last, cause, can_skip=False)
        return loss

    def _recover(self, failure: Diverged, good: Mapping[str, torch.Tensor]) -> None:
        """Skip the step, or go back to the last good state; or give up.

        Raises:
            NonFiniteError: there is nothing left to try.
        """
        factor = self.recovery.decide(failure, self.result, self.state.learning_rate_factor)
        if not self.recovery.skips:
            # Copies, since the optimizer writes to what it is given.
            self.state.load_tensors({name: tensor.clone() for name, tensor in good.items()})
            self.state.learning_rate_factor = factor


@contextmanager
def _own_randomness() -> Iterator[None]:
    """Seed freely inside; the caller's random numbers go on outside as if nothing had happened."""
    # A seed reaches every GPU, also one that the model does not lie on.
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices):
        yield
