"""From one evaluation of a training to the next; every training loop goes by it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from elman.training.checkpoints import Checkpoint
from elman.training.records import EvaluationRecord, TrainingResult
from elman.training.recovery import Diverged, Recovery
from elman.training.state import MovingState

OnStep = Callable[[int, float], None]
OnRecord = Callable[[EvaluationRecord], None]


class EvaluatedTraining(ABC):
    """A training on its way: steps and an evaluation, again and again; the best weights are kept.

    Where a number is not finite, it goes back to the last evaluation, or leaves the step out.

    Args:
        state: what moves.
        recovery: what is done where a number is not finite.
        patience: evaluations in a row without a better validation loss before it ends.
    """

    def __init__(self, state: MovingState, recovery: Recovery, patience: int) -> None:
        self.recovery, self.patience, self.result = recovery, patience, TrainingResult()
        self.step, self.learning_rate = 0, 0.0
        """The step that was begun last, and its learning rate, which the training sets."""
        self.losses, self.norms = list[float](), list[float]()
        """Of the steps done since the last evaluation."""
        self._state, self._begin = state, 0.0
        self._on_step: OnStep = lambda step, loss: None

    @property
    @abstractmethod
    def is_spent(self) -> bool:
        """Whether the budget was spent at the last evaluation."""

    @abstractmethod
    def do_steps(self) -> None:
        """Call `do_step` until it is time for an evaluation."""

    @abstractmethod
    def move(self) -> tuple[float, float]:
        """Move the weights by one step; return its loss and the norm of its gradient.

        Raises:
            Diverged: a number is not finite; the weights are as they were.
        """

    @abstractmethod
    def leave_out(self) -> None:
        """Make good what a step that is left out has changed besides the weights."""

    @abstractmethod
    def validate(self) -> float:
        """Return the validation loss."""

    def run_to_end(
        self, checkpoint: Checkpoint | None, on_step: OnStep, on_record: OnRecord
    ) -> TrainingResult:
        """Train until the budget or the patience runs out; leave the best weights in the model.

        Args:
            checkpoint: written at every evaluation; training goes on from it.
            on_step: called with the step and its loss; again for steps that are done again.
            on_record: called with every evaluation; a training that goes on begins with those it has done.

        Raises:
            NonFiniteError: a number is not finite, and was so again after every recovery.
            RunError: the checkpoint cannot be used.
        """
        self._on_step = on_step
        try:
            if checkpoint:
                self.result = checkpoint.restore(self._state)
            for record in self.result.curve:
                on_record(record)
            with _own_randomness():
                while not self.is_spent and self.result.evaluations_since_best < self.patience:
                    record = self._run_until_evaluation()
                    if checkpoint:
                        checkpoint.save(self._state, self.result)
                    on_record(record)
        finally:
            self._state.leave_best_weights()
        return self.result

    @property
    def seconds(self) -> float:
        """Training time so far, earlier sittings included."""
        return time.perf_counter() - self._begin

    def do_step(self) -> None:
        """Do the next step; leave it out if a number is not finite and that is what is wanted.

        Raises:
            Diverged: a number is not finite, and training is to go back.
        """
        self.step += 1
        try:
            loss, norm = self.move()
        except Diverged as failure:
            if not self.recovery.skips:
                raise
            self.recovery.decide(failure, self.result, self._state.learning_rate_factor)
            self.leave_out()
            return
        self.losses.append(loss)
        self.norms.append(norm)
        self._on_step(self.step, loss)

    def _run_until_evaluation(self) -> EvaluationRecord:
        self._begin, self.recovery.num_times = time.perf_counter() - self.result.seconds, 0
        validation_loss, best = self._find_validation_loss(), self.result.best
        record = EvaluationRecord(
            step=self.step,
            seconds=self.seconds,
            loss=fmean(self.losses),
            validation_loss=validation_loss,
            learning_rate=self.learning_rate,
            gradient_norm=fmean(self.norms),
            is_best=best is None or validation_loss < best.validation_loss,
            num_recoveries=self.recovery.num_times,
        )
        if record.is_best:
            self._state.keep_as_best()
        self.result.curve.append(record)
        return record

    def _find_validation_loss(self) -> float:
        """Return the validation loss after the next steps, done again as often as that is of use."""
        good = _copies(self._state.tensors())
        while True:
            self.step, self.losses, self.norms = self.result.num_steps, [], []
            try:
                self.do_steps()
                return self._validate()
            except Diverged as failure:
                factor = self.recovery.decide(failure, self.result, self._state.learning_rate_factor)
                # Copies, since the optimizer writes to what it is given.
                self._state.load_tensors(_copies(good))
                self._state.learning_rate_factor = factor

    def _validate(self) -> float:
        name = self._state.find_non_finite()
        if name is not None:
            raise Diverged(self.step, f"`{name}` is not finite after step {self.step}.", can_skip=False)
        loss = self.validate()
        if not isfinite(loss):
            cause = f"The validation loss became {loss} at step {self.step}."
            raise Diverged(self.step, cause, can_skip=False)
        return loss


def _copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in tensors.items()}


@contextmanager
def _own_randomness() -> Iterator[None]:
    """Seed freely inside; the caller's random numbers go on outside as if nothing had happened."""
    # A seed reaches every GPU, also one that the model does not lie on.
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices):
        yield
