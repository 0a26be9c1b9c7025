"""One trial: a fresh network learns a problem until it is solved or the budget is spent."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from elman.experiments.gain import gradient_gain
from elman.experiments.naming import make_network, parse_schedule
from elman.experiments.problems import Examples, Problem
from elman.experiments.results import GradientGain, Trial, TrialRecord
from elman.experiments.settings import ExperimentSettings
from elman.layers.contract import SequenceLayer
from elman.training import SequenceBatch, clip_gradients

# Numbers drawn for one purpose are never those drawn for another.
LEARN, VALIDATE, TEST, LOOK = range(4)


def run_trial(problem: Problem, network: str, through_time: str, seed: int, to: ExperimentSettings) -> Trial:
    """Train a fresh network and test it.

    It stops when the validation sequences are solved; what is told are the test sequences, which nothing was
    chosen by.

    Args:
        problem: At one length.
        network: A cell or a network without memory, by its name.
        through_time: The gradient method, by its name.
        seed: Of weights and sequences.
        to: The settings of the experiment.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = Learner(problem, network, through_time, seed, to)
        fresh = learner.gain()
        records = list(learner.learn())
        trained = learner.gain()
    score = learner.score(TEST)
    return Trial(
        network,
        through_time,
        problem.length,
        seed,
        sum(one.numel() for one in learner.parameters if one.requires_grad),
        problem.is_solved(score),
        score,
        learner.stopped_by,
        learner.num_updates,
        tuple(records),
        GradientGain(tuple(fresh), tuple(fresh.values()), tuple(trained.values())) if fresh else None,
    )


class Learner:
    """A network on its way through one trial.

    Args:
        problem: At one length.
        network: A cell or a network without memory, by its name.
        through_time: The gradient method, by its name.
        seed: Of the sequences.
        to: The settings of the experiment.
    """

    def __init__(self, problem: Problem, network: str, through_time: str, seed: int, to: ExperimentSettings):
        self.problem, self.settings, self.recipe, self.seed = problem, to, to.recipe, seed
        self.schedule = parse_schedule(through_time)
        self.layer = make_network(network, problem.input_size, self.recipe.hidden_size, to.window)
        width = getattr(self.layer, "output_size", self.recipe.hidden_size)
        self.head = nn.Linear(width, problem.output_size)
        self.parameters = [*self.layer.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=self.recipe.learning_rate)
        self.examples = {part: self._draw_test(part) for part in (VALIDATE, TEST)}
        self.num_updates, self.num_solved, self.seconds, self.stopped_by = 0, 0, 0.0, ""

    def learn(self) -> Iterator[TrialRecord]:
        """Learn until the validation is solved or the budget is spent; yield every evaluation."""
        generator = np.random.default_rng((self.seed, LEARN))
        num_sequences, losses = 0, []
        while not self.stopped_by:
            size = min(self.recipe.batch_size, self.recipe.max_sequences - num_sequences)
            started = time.perf_counter()
            losses += self._learn_from(self.problem.draw(size, generator))
            self.seconds += time.perf_counter() - started
            before, num_sequences = num_sequences, num_sequences + size
            self.stopped_by = self._reason(num_sequences, losses)
            every = self.recipe.evaluate_every
            if self.stopped_by or num_sequences // every > before // every:
                score = self.score(VALIDATE)
                self.num_solved = self.num_solved + 1 if self.problem.is_solved(score) else 0
                if self.num_solved >= self.problem.confirmations:
                    self.stopped_by = "success"
                yield TrialRecord(num_sequences, self.seconds, float(np.mean(losses or [math.nan])), score)
                losses = []

    def score(self, part: int) -> float:
        """Judge the network on the validation or the test sequences."""
        examples = self.examples[part]
        with torch.no_grad():
            output, _ = self.layer(examples.input, lengths=examples.lengths)
            return self.problem.measure.score(self.head(output), examples)

    def gain(self) -> dict[int, float | None]:
        """Return how much of a push to the state is left at each lag; nothing without a state."""
        if not isinstance(self.layer, SequenceLayer):
            return {}
        generator = np.random.default_rng((self.seed, LOOK))
        return gradient_gain(self.layer, self.problem.draw(self.recipe.batch_size, generator))

    def _draw_test(self, part: int) -> Examples:
        return self.problem.draw_test(self.problem.num_test, np.random.default_rng((self.seed, part)))

    def _learn_from(self, examples: Examples) -> list[float]:
        """Go through a batch; return the loss of each part that has targets."""
        losses = []
        batch = SequenceBatch(examples.input, examples.target, examples.lengths)
        for part in self.schedule.parts(self.layer, batch):
            counts = examples.counts[part.start : part.stop]
            if not counts.any():
                continue
            assert part.target is not None
            loss = self.problem.measure.loss(self.head(part.output[counts]), part.target[counts])
            losses.append(loss.item())
            self._update(part.backward, loss)
        return losses

    def _update(self, backward: object, loss: Tensor) -> None:
        assert callable(backward)
        self.optimizer.zero_grad()
        backward(loss)
        clip_gradients(self.parameters, norm=self.settings.clip_norm, non_finite="zero")
        self.optimizer.step()
        self.num_updates += 1

    def _reason(self, num_sequences: int, losses: list[float]) -> str:
        """Return why the trial ends here; nothing if it goes on."""
        limits, recipe = self.settings, self.recipe
        if losses and not math.isfinite(losses[-1]):
            return "not finite"
        if num_sequences >= recipe.max_sequences:
            return "sequences"
        if limits.max_updates and self.num_updates >= limits.max_updates:
            return "updates"
        return "seconds" if limits.max_seconds and self.seconds >= limits.max_seconds else ""
