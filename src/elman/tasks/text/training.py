"""Truncated backpropagation through time over one text, for a budget of seconds or of steps.

A step reads one segment from the state that the segment before it left, cut off from its gradient. With a
budget of steps everything depends on the seed and the step, so a run that was cut off and continued ends
with the same bits; with a budget of seconds the clock decides how far the learning rate has fallen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import cos, isfinite, pi
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.cells.state import map_state
from elman.compiler import within_memory
from elman.tasks.flow import FlowWatch
from elman.tasks.observer import Observer
from elman.tasks.text.checkpoint import TextCheckpoint, find_non_finite, load_tensors, tensors_of
from elman.tasks.text.flow import look_from_last
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.segments import Segments
from elman.training import EvaluationRecord, TrainingResult, clip_gradients
from elman.training.recovery import Diverged, Recovery, require_finite_move

_BETAS = (0.9, 0.99)
_NUM_EVALUATIONS = 12


class TextTraining:
    """One training of a language model on its way.

    Args:
        network: its weights are moved in place.
        segments: the training part.
        validate: returns the loss on the validation part.
        options: how to train.
    """

    def __init__(
        self,
        network: TextNetwork,
        segments: Segments,
        validate: Callable[[], float],
        options: TextOptions,
    ) -> None:
        self.network, self.segments, self.validate, self.options = network, segments, validate, options
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=0.0, betas=_BETAS, weight_decay=options.weight_decay, fused=True
        )
        self.best = {name: one.clone() for name, one in network.state_dict().items()}
        self.state: Any = None
        self.step = 0
        self.result = TrainingResult()
        self.learning_rate_factor = 1.0
        self.recovery = Recovery(options.recovery, options.max_recoveries)

    def run(
        self, observer: Observer, checkpoint: Path | None = None, identity: Mapping[str, Any] | None = None
    ) -> TrainingResult:
        """Train until the budget or the patience runs out; the best weights stay in the network.

        Args:
            observer: is told of steps, evaluations and looks at the gradients; of the evaluations of earlier
                sittings, too.
            checkpoint: a file written at every evaluation. If it exists, training goes on from it.
            identity: JSON-able values that the checkpoint must have been written with.

        Raises:
            NonFiniteError: a loss, a gradient or a weight is NaN or infinite, and was so again after every
                recovery.
            RunError: the checkpoint cannot be used.
        """
        file = TextCheckpoint(checkpoint, identity or {}) if checkpoint else None
        if file:
            file.restore(self)
        for record in self.result.curve:
            observer.on_record(record)
        try:
            with torch.random.fork_rng(devices=[]):
                while not self._is_finished:
                    record = self._run_until_evaluation(observer)
                    if file:
                        file.save(self)
                    observer.on_record(record)
        finally:
            self.network.load_state_dict(self.best)
            self.network.eval()
        return self.result

    @property
    def _is_finished(self) -> bool:
        result = self.result
        is_spent = bool(result.curve) and self._share(result.seconds) >= 1
        return is_spent or result.evaluations_since_best >= self.options.patience

    def _share(self, seconds: float) -> float:
        return self.options.share_of_budget(self.step, seconds)

    def _run_until_evaluation(self, observer: Observer) -> EvaluationRecord:
        begin, self.recovery.num_times = time.perf_counter() - self.result.seconds, 0
        good = {name: one.clone() for name, one in tensors_of(self).items()}
        while True:
            try:
                losses, norms, rate = self._do_steps(observer, begin)
                validation_loss = self._validate()
                break
            except Diverged as failure:
                self._recover(failure, good)
        best = self.result.best
        record = EvaluationRecord(
            step=self.step,
            seconds=time.perf_counter() - begin,
            loss=fmean(losses),
            validation_loss=validation_loss,
            learning_rate=rate,
            gradient_norm=fmean(norms),
            is_best=best is None or validation_loss < best.validation_loss,
            num_recoveries=self.recovery.num_times,
        )
        if record.is_best:
            self.best = {name: one.clone() for name, one in self.network.state_dict().items()}
        self.result.curve.append(record)
        return record

    def _do_steps(self, observer: Observer, begin: float) -> tuple[list[float], list[float], float]:
        """Do the steps until the next evaluation; return their losses, gradient norms and last rate."""
        done = self._share(self.result.seconds)
        aim = min(1.0, (int(done * _NUM_EVALUATIONS + 1e-9) + 1) / _NUM_EVALUATIONS)
        losses, norms, rate, watch = [], [], 0.0, FlowWatch(self.network, observer.on_flow)
        self.network.train()
        while not losses or self._share(time.perf_counter() - begin) < aim:
            rate = self._learning_rate(self._share(time.perf_counter() - begin))
            if watch.is_due(self.step):
                look_from_last(watch, self.step, *self.segments.batch(self.step + 1))
            self.step += 1
            try:
                loss, norm = self._do_step(rate)
            except Diverged as failure:
                if not self.recovery.skips:
                    raise
                self._recover(failure, {})
                continue
            losses.append(loss)
            norms.append(norm)
            observer.on_step(self.step, loss)
        return losses, norms, rate

    def _validate(self) -> float:
        name = find_non_finite(self)
        if name is not None:
            raise Diverged(self.step, f"`{name}` is not finite after step {self.step}.", can_skip=False)
        self.network.eval()
        loss = self.validate()
        if not isfinite(loss):
            cause = f"The validation loss became {loss} at step {self.step}."
            raise Diverged(self.step, cause, can_skip=False)
        return loss

    def _recover(self, failure: Diverged, good: Mapping[str, Tensor]) -> None:
        """Skip the step, and begin the next from a fresh state; or go back; or give up.

        Raises:
            NonFiniteError: there is nothing left to try.
        """
        self.learning_rate_factor = self.recovery.decide(failure, self.result, self.learning_rate_factor)
        if self.recovery.skips:
            self.state = None
            return
        # Copies, since the optimizer writes to what it is given.
        load_tensors(self, {name: one.clone() for name, one in good.items()})
        self.step = self.result.num_steps

    def _learning_rate(self, share: float) -> float:
        """Return the learning rate after a share of the budget: a rise, then half a cosine to zero."""
        warmup, peak = self.options.warmup, self.options.learning_rate
        peak *= self.learning_rate_factor
        if share < warmup:
            return peak * max(share / warmup, 1e-2)
        return peak * (1 + cos(pi * min(1.0, (share - warmup) / (1 - warmup)))) / 2

    def _do_step(self, rate: float) -> tuple[float, float]:
        """Do one step; return its loss and the norm of its gradient."""
        # The seed of the masks of dropout; steps of a continued run draw the same ones.
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)
        passes = (self.step - 1) / self.segments.steps_per_pass
        self.network.set_dropout(self.options.dropout_after(passes))
        input, target = self.segments.batch(self.step)
        state = None if self.segments.begins_pass(self.step) else self.state
        with within_memory(self.options.num_bytes):
            logits, after = self.network(input, state)
        loss = cross_entropy(logits.flatten(0, 1), target.flatten())
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = clip_gradients(self.network.parameters(), norm=self.options.clip_norm)
        number = (self.step - 1) % self.segments.steps_per_pass + 1
        batch = f"segment {number} of {self.segments.steps_per_pass} of a pass over the text"
        require_finite_move(self.network, loss.item(), norm, self.step, batch)
        self.state = map_state(Tensor.detach, after)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return loss.item(), norm
