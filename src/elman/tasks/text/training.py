"""Truncated backpropagation through time over one text, for a budget of seconds or of steps.

A step reads one segment from the state that the segment before it left, cut off from its gradient. With a
budget of steps everything depends on the seed and the step, so a run that was cut off and continued ends
with the same bits; with a budget of seconds the clock decides how far the learning rate has fallen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.cells.state import map_state
from elman.compiler import within_memory
from elman.tasks.flow import FlowWatch
from elman.tasks.observer import Observer
from elman.tasks.text.flow import look_from_last
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.segments import Segments
from elman.tasks.text.state import TextState
from elman.training import TrainingResult, clip_gradients
from elman.training.checkpoints import Checkpoint
from elman.training.evaluations import EvaluatedTraining
from elman.training.recovery import Recovery, require_finite_move

_NUM_EVALUATIONS = 12


class TextTraining(EvaluatedTraining):
    """One training of a language model on its way.

    Args:
        network: its weights are moved in place.
        segments: the training part.
        validation_loss: returns the loss on the validation part.
        options: how to train.
    """

    def __init__(
        self,
        network: TextNetwork,
        segments: Segments,
        validation_loss: Callable[[], float],
        options: TextOptions,
    ) -> None:
        self.network, self.segments, self.options = network, segments, options
        self.state = TextState(network, options.weight_decay, segments.num_rows)
        self._validation_loss, self._observer = validation_loss, Observer()
        super().__init__(self.state, Recovery(options.recovery, options.max_recoveries), options.patience)

    def run(
        self,
        observer: Observer,
        checkpoint: Path | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> TrainingResult:
        """Train until the budget or the patience runs out; the best weights stay in the network.

        Args:
            observer: is told of steps, evaluations and looks at the gradients; of the evaluations of earlier
                sittings, too.
            checkpoint: a file written at every evaluation. If it exists, training goes on from it.
            configuration: JSON-able values besides the options that it must have been written with.

        Raises:
            NonFiniteError: a loss, a gradient or a weight is NaN or infinite, and was so again after every
                recovery.
            RunError: the checkpoint cannot be used.
        """
        self._observer = observer
        file = Checkpoint(checkpoint, self.options, configuration or {}) if checkpoint else None
        return self.run_to_end(file, observer.on_step, observer.on_record)

    @property
    def is_spent(self) -> bool:
        """Whether the budget was spent at the last evaluation."""
        result = self.result
        return bool(result.curve) and self.options.share_of_budget(result.num_steps, result.seconds) >= 1

    def do_steps(self) -> None:
        """Do the steps of a twelfth of the budget; look at the gradients now and then."""
        done = self.options.share_of_budget(self.step, self.result.seconds)
        aim = min(1.0, (int(done * _NUM_EVALUATIONS + 1e-9) + 1) / _NUM_EVALUATIONS)
        watch = FlowWatch(self.network, self._observer.on_flow)
        self.network.train()
        while not self.losses or self._share < aim:
            self.learning_rate = self._learning_rate(self._share)
            if watch.is_due(self.step):
                look_from_last(watch, self.step, *self.segments.batch(self.step + 1))
            self.do_step()

    def move(self) -> tuple[float, float]:
        """Read a segment from where the last one ended, and move the weights.

        Raises:
            Diverged: a number is not finite; the weights are as they were.
        """
        # The seed of the masks of dropout; steps of a continued run draw the same ones.
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)
        steps_per_pass = self.segments.steps_per_pass
        self.network.set_dropout(self.options.dropout_after((self.step - 1) / steps_per_pass))
        input, target = self.segments.batch(self.step)
        state = None if self.segments.begins_pass(self.step) else self.state.carried
        with within_memory(self.options.num_bytes):
            logits, after = self.network(input, state)
        loss = cross_entropy(logits.flatten(0, 1), target.flatten())
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = clip_gradients(self.network.parameters(), norm=self.options.clip_norm)
        batch = f"segment {(self.step - 1) % steps_per_pass + 1} of {steps_per_pass} of a pass over the text"
        require_finite_move(self.network, loss.item(), norm, self.step, batch)
        self.state.carried = map_state(Tensor.detach, after)
        self.state.move(self.learning_rate)
        return loss.item(), norm

    def leave_out(self) -> None:
        """Begin the next segment from a fresh state: the one before it was not read to its end."""
        self.state.carried = None

    def validate(self) -> float:
        """Return the loss on the validation part."""
        self.network.eval()
        return self._validation_loss()

    @property
    def _share(self) -> float:
        """How much of the budget is spent."""
        return self.options.share_of_budget(self.step, self.seconds)

    def _learning_rate(self, share: float) -> float:
        """Return the learning rate after a share of the budget: a rise, then half a cosine to zero."""
        warmup, peak = self.options.warmup, self.options.learning_rate
        peak *= self.state.learning_rate_factor
        if share < warmup:
            return peak * max(share / warmup, 1e-2)
        return peak * (1 + cos(pi * min(1.0, (share - warmup) / (1 - warmup)))) / 2
