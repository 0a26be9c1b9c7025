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
from torch import Tensor, nn

from elman.errors import NonFiniteError
from elman.training.checkpoints import Checkpoint
from elman.training.options import TrainingOptions
from elman.training.records import EvaluationRecord, TrainingResult
from elman.training.state import TrainingState
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

    Args:
        task: what to train.
        options: how.
        checkpoint: a file written at every evaluation. If it exists, training goes on from it.
        configuration: JSON-able values that a checkpoint must have been written with.
        on_step: called with the step and its loss.
        on_record: called with every evaluation; a training that goes on begins with those it has done.

    Raises:
        NonFiniteError: a loss or a gradient is NaN or infinite; the model then holds the best
            weights so far, and the checkpoint stands at the last evaluation.
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

    @property
    def is_finished(self) -> bool:
        result, options = self.result, self.options
        return result.num_steps >= options.num_steps or result.evaluations_since_best >= options.patience

    def run_until_evaluation(self, on_step: OnStep) -> EvaluationRecord:
        begin, losses, norms = time.perf_counter(), [], []
        last = min(self.result.num_steps + self.options.evaluate_every, self.options.num_steps)
        for step in range(self.result.num_steps + 1, last + 1):
            loss, norm = self._step(step)
            losses.append(loss)
            norms.append(norm)
            on_step(step, loss)
        validation_loss = self._validate(last)
        best = self.result.best
        record = EvaluationRecord(
            step=last,
            seconds=self.result.seconds + time.perf_counter() - begin,
            loss=fmean(losses),
            validation_loss=validation_loss,
            learning_rate=self.options.learning_rate_at(last),
            gradient_norm=fmean(norms),
            is_best=best is None or validation_loss < best.validation_loss,
        )
        if record.is_best:
            self.state.keep_mean_as_best()
        self.result.curve.append(record)
        return record

    def _step(self, step: int) -> tuple[float, float]:
        """Do one optimizer step; return its loss and the norm of its gradient."""
        torch.manual_seed(self.options.seed * 1_000_003 + step)
        loss = self.task.loss(step)
        self.task.model.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.task.model.parameters(), self.options.clip_norm)
        values = self._finite("loss", loss, step), self._finite("gradient's norm", norm, step)
        self.state.move(step)
        return values

    def _finite(self, what: str, tensor: Tensor, step: int) -> float:
        value = tensor.item()
        if isfinite(value):
            return value
        batch = self.task.describe_batch(step)
        raise NonFiniteError(
            f"The {what} became {value} at step {step}, {batch}. The weights were not moved; {self._kept}."
        )

    def _validate(self, step: int) -> float:
        with self.state.mean_weights():
            loss = self.task.validation_loss()
        if not isfinite(loss):
            raise NonFiniteError(f"The validation loss became {loss} at step {step}; {self._kept}.")
        return loss

    @property
    def _kept(self) -> str:
        best = self.result.best
        return f"the best ones so far, of step {best.step}, are kept" if best else "the first ones are kept"


@contextmanager
def _own_randomness() -> Iterator[None]:
    """Seed freely inside; the caller's random numbers go on outside as if nothing had happened."""
    # A seed reaches every GPU, also one that the model does not lie on.
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices):
        yield
