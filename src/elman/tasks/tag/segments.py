"""A batch of a tagger part by part: the weights move in between, the state is carried on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from elman.tasks.tag.network import TagBatch, TagNetwork
from elman.training import Schedule, SequenceBatch


def parts_of(network: TagNetwork, batch: TagBatch, schedule: Schedule) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the logits and the labels of each part of a batch, each with the weights of its moment.

    Args:
        network: reads from the start only.
        batch: the sequences.
        schedule: how long a part is, and how far its gradient reaches back.

    Shape:
        Logits: (S, N, labels). Labels: (S, N), -1 where missing or behind the end.
    """
    reader = _Reader(network, batch)
    for part in schedule.parts(reader, SequenceBatch(reader.places, batch.labels, lengths=batch.lengths)):
        assert part.target is not None
        yield part.output, part.target


class _Reader(nn.Module):
    """A layer over the places of a batch: it reads what stands there, so a part embeds what is its own."""

    def __init__(self, network: TagNetwork, batch: TagBatch) -> None:
        super().__init__()
        self.network, self.batch = network, batch
        self.initial_state = network.tagger.initial_state

    @property
    def places(self) -> Tensor:
        """The number of each place, (T, N)."""
        labels = self.batch.labels
        return torch.arange(labels.numel(), device=labels.device).view(labels.shape)

    def forward(self, places: Tensor, state: Any = None, *, lengths: Any = None) -> tuple[Tensor, Any]:
        """Return the logits at these places, and the state after them."""
        with self.network.bounded():
            return self.network.tagger(self.network.read(self._at(places)), state, lengths=lengths)

    def _at(self, places: Tensor) -> TagBatch:
        batch = self.batch
        values, codes, words, labels = [
            one.flatten(0, 1)[places] for one in (batch.values, batch.codes, batch.words, batch.labels)
        ]
        used, words = words.unique(return_inverse=True)  # not to read the spelling of what stands elsewhere
        return TagBatch(values, codes, words, batch.spellings[used], labels, batch.lengths)
