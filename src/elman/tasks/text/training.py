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
from elman.errors import NonFiniteError
from elman.tasks.flow import FlowWatch
from elman.tasks.observer import Observer
from elman.tasks.text.checkpoint import TextCheckpoint
from elman.tasks.text.flow import look_from_last
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.segments import Segments
from elman.training import EvaluationRecord, TrainingResult, clip_gradients

_BETAS = (0.9, 0.99)
_NUM_EVALUATIONS = 12
_MAX_SKIPPED = 3


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
        self._num_skipped = 0

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
            NonFiniteError: a loss or gradient was NaN or infinite several times in a row.
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
        begin, before = time.perf_counter(), self.result.seconds
        done = self._share(before)
        aim = min(1.0, (int(done * _NUM_EVALUATIONS + 1e-9) + 1) / _NUM_EVALUATIONS)
        losses, norms, rate, watch = [], [], 0.0, FlowWatch(self.network, observer.on_flow)
        self.network.train()
        while not losses or self._share(before + time.perf_counter() - begin) < aim:
            rate = self._learning_rate(self._share(before + time.perf_counter() - begin))
            if watch.is_due(self.step):
                look_from_last(watch, self.step, *self.segments.batch(self.step + 1))
            self.step += 1
            measured = self._do_step(rate)
            if measured:
                losses.append(measured[0])
                norms.append(measured[1])
                observer.on_step(self.step, measured[0])
        self.network.eval()
        validation_loss = self.validate()
        self._require_finite(validation_loss, "validation loss")
        best = self.result.best
        record = EvaluationRecord(
            step=self.step,
            seconds=before + time.perf_counter() - begin,
            loss=fmean(losses),
            validation_loss=validation_loss,
            learning_rate=rate,
            gradient_norm=fmean(norms),
            is_best=best is None or validation_loss < best.validation_loss,
        )
        if record.is_best:
            self.best = {name: one.clone() for name, one in self.network.state_dict().items()}
        self.result.curve.append(record)
        return record

    def _learning_rate(self, share: float) -> float:
        """Return the learning rate after a share of the budget: a rise, then half a cosine to zero."""
        warmup, peak = self.options.warmup, self.options.learning_rate
        if share < warmup:
            return peak * max(share / warmup, 1e-2)
        return peak * (1 + cos(pi * min(1.0, (share - warmup) / (1 - warmup)))) / 2

    def _do_step(self, rate: float) -> tuple[float, float] | None:
        """Do one step; return its loss and the norm of its gradient, or None if it had to be skipped."""
        # The seed of the masks of dropout; steps of a continued run draw the same ones.
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)
        input, target = self.segments.batch(self.step)
        state = None if self.segments.begins_pass(self.step) else self.state
        with within_memory(self.options.num_bytes):
            logits, after = self.network(input, state)
        loss = cross_entropy(logits.flatten(0, 1), target.flatten())
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = clip_gradients(self.network.parameters(), norm=self.options.clip_norm)
        if not (isfinite(loss.item()) and isfinite(norm)):
            self._skip(norm)
            return None
        self.state, self._num_skipped = map_state(Tensor.detach, after), 0
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return loss.item(), norm

    def _skip(self, norm: float) -> None:
        """Leave a step out and begin the next from a fresh state.

        Raises:
            NonFiniteError: this was the last of too many.
        """
        self.state, self._num_skipped = None, self._num_skipped + 1
        if self._num_skipped >= _MAX_SKIPPED:
            self._require_finite(norm, "gradient's norm")
            self._require_finite(float("nan"), "loss")

    def _require_finite(self, value: float, what: str) -> None:
        if not isfinite(value):
            raise NonFiniteError(
                f"The {what} became {value} at step {self.step}; the best weights so far are kept. "
                "Try a smaller learning rate."
            )
