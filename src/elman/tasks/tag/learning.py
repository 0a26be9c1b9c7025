"""The training of a tagger: sequences drawn at random, the cross-entropy of their labelled steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.diagnostics import FlowRecord
from elman.tasks.flow import FlowWatch
from elman.tasks.tag.batches import Piece, batches_by_length, make_batch, pieces_of
from elman.tasks.tag.inputs import StepEncoder, Steps, rows_of
from elman.tasks.tag.network import TagBatch, TagNetwork
from elman.tasks.tag.options import TagOptions
from elman.tasks.tag.segments import parts_of
from elman.training import TrainingTask

_RARE = 0.25
"""A symbol that occurs n times is read as an unknown one with probability _RARE / (_RARE + n)."""

_EVALUATED_STEPS = 20_000


class TagTraining(TrainingTask):
    """Draws sequences; a rare symbol is sometimes hidden, so that unknown ones come to mean something.

    Reference:
        E. Kiperwasser, Y. Goldberg (2016), "Simple and accurate dependency parsing using bidirectional LSTM
        feature representations", TACL 4: the hidden symbols.
    """

    def __init__(
        self,
        network: TagNetwork,
        steps: Steps,
        encoder: StepEncoder,
        options: TagOptions,
        parts: tuple[np.ndarray, np.ndarray],
        on_flow: Callable[[FlowRecord], None] = lambda record: None,
    ) -> None:
        super().__init__(network)
        self.network = network
        self.steps, self.options = steps, options
        self.device = torch.device(options.device)
        training, validation = parts
        pieces = pieces_of(steps.starts, training, options.segment)
        self.pieces = [(first, end) for first, end in pieces if (steps.labels[first:end] >= 0).any()]
        self.held_out = pieces_of(steps.starts, validation, int(np.diff(steps.starts).max()))
        self.hidden = [_RARE / (_RARE + np.array(counts)) for counts in encoder.rarity]
        self.watch = FlowWatch(network, on_flow)
        self.weights = self._weights(rows_of(steps.starts, training), len(encoder.labels))

    def _weights(self, training: np.ndarray, num_labels: int) -> Tensor | None:
        if self.options.class_weights == "none":
            return None
        labels = self.steps.labels[training]
        counts = np.bincount(labels[labels >= 0], minlength=num_labels)
        weights = counts.sum() / (num_labels * np.maximum(counts, 1))
        return torch.tensor(weights, dtype=torch.float32, device=self.device)

    def _draw(self, step: int) -> tuple[np.ndarray, np.random.Generator]:
        generator = np.random.default_rng((self.options.training.seed, step))
        size = min(self.options.batch_size, len(self.pieces))
        return generator.choice(len(self.pieces), size=size, replace=False), generator

    def loss(self, step: int) -> Tensor:
        """Return the mean cross-entropy of the labelled steps of this step's sequences."""
        batch = self._batch(step)
        with self.network.bounded():
            return self._cross_entropy(self.model(batch), batch.labels, "mean")

    def losses(self, step: int) -> Iterator[Tensor]:
        """Yield the mean cross-entropy of the labelled steps of each part that moves the weights."""
        if self.options.schedule.length is None:
            yield self.loss(step)
            return
        for output, labels in parts_of(self.network, self._batch(step), self.options.schedule):
            if bool((labels >= 0).any()):
                yield self._cross_entropy(output, labels, "mean")

    def _batch(self, step: int) -> TagBatch:
        """Return the sequences of this step; rare symbols of them are hidden."""
        drawn, generator = self._draw(step)
        pieces = [self.pieces[at] for at in drawn]
        if self.watch.is_due(step):
            self._look(step, pieces[: self.watch.num_sequences])
        batch = make_batch(self.steps, pieces, self.device)
        codes = batch.codes.clone()
        for at, hidden in enumerate(self.hidden):
            chances = torch.from_numpy(hidden).to(self.device)[codes[..., at]]
            is_hidden = torch.from_numpy(generator.random(codes.shape[:2])).to(self.device) < chances
            codes[..., at].masked_fill_(is_hidden, 0)
        return TagBatch(batch.values, codes, batch.words, batch.spellings, batch.labels, batch.lengths)

    def _look(self, step: int, pieces: list[Piece]) -> None:
        """See how far back the gradient of a few of the step's sequences reaches."""
        batch = make_batch(self.steps, [(first, _look_end(first, end)) for first, end in pieces], self.device)
        self.watch.look(step, batch, lambda logits: loss_at_ends(logits, batch))

    def validation_loss(self) -> float:
        """Return the mean cross-entropy over the labelled steps of the validation part, none weighted."""
        total, count = 0.0, 0
        longest = max(end - first for first, end in self.held_out)
        for chosen in batches_by_length(self.held_out, max(1, _EVALUATED_STEPS // longest)):
            batch = make_batch(self.steps, [self.held_out[at] for at in chosen], self.device)
            total += self._cross_entropy(self.model(batch), batch.labels, "sum").item()
            count += int((batch.labels >= 0).sum())
        return total / count

    def _cross_entropy(self, logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
        weights = self.weights if reduction == "mean" else None
        pair = logits.flatten(0, 1), labels.flatten()
        return cross_entropy(*pair, weights, ignore_index=-1, reduction=reduction)

    def describe_batch(self, step: int) -> str:
        """Name the first sequences drawn at this step."""
        rows = [self.pieces[at][0] for at in self._draw(step)[0][:3]]
        numbers = np.searchsorted(self.steps.starts, rows, side="right")
        return f"batch of {self.options.batch_size} sequences: number {', '.join(map(str, numbers))}, ..."


def loss_at_ends(logits: Tensor, batch: TagBatch) -> Tensor:
    """Return the cross-entropy of the last and of the first step of each sequence, where each direction ends.

    A step's own loss reaches its own state without a way through time; so those in between are left out.

    Args:
        logits: of all steps.
        batch: the sequences; a step without a label counts as the first label.

    Shape:
        logits: (T, N, labels).
    """
    rows = torch.arange(logits.shape[1], device=logits.device)
    labels = batch.labels.clamp(min=0)
    ends = [batch.lengths.to(logits.device) - 1, torch.zeros_like(rows)]
    return torch.stack([cross_entropy(logits[at, rows], labels[at, rows]) for at in ends]).sum()


def _look_end(first: int, end: int) -> int:
    """Return where to end a look: the lag of the other end, whose loss comes no way, must be none of 2^k."""
    lag = end - first - 1
    return _look_end(first, end - 1) if lag > 0 and lag & (lag - 1) == 0 else end
