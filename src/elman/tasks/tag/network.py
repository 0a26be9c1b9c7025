"""The network of a tagger: inputs side by side, layers over the sequence, a score for each label.

features, symbols, spelling --> x_t --layers, from one end or from both--> h_t --linear--> labels
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elman.compiler import within_memory
from elman.layers import ManyToMany, Stacked
from elman.layers.contract import SequenceLayer
from elman.tasks.networks import make_layers
from elman.tasks.tag.options import TagOptions
from elman.tasks.through_time import parse_memory

_CHARACTER_SIZE, _SPELLING_SIZE, _WINDOW = 16, 48, 3


@dataclass(frozen=True)
class TagBatch:
    """N sequences, padded to T steps.

    Args:
        values: (T, N, V) float.
        codes: (T, N, C) int.
        words: (T, N) int, rows of `spellings`.
        spellings: (U, L) int, characters.
        labels: (T, N) int; -1 where missing or behind the end.
        lengths: (N,) int.
    """

    values: Tensor
    codes: Tensor
    words: Tensor
    spellings: Tensor
    labels: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class TagSizes:
    """What the network must fit.

    Args:
        values: features of a step.
        vocabularies: codes of each column of symbols.
        characters: codes of characters; 0 if no spelling is read.
        labels: labels to tell apart.
    """

    values: int
    vocabularies: tuple[int, ...]
    characters: int
    labels: int


class TagNetwork(nn.Module):
    """Embeddings, layers and a linear head; any cell.

    Args:
        sizes: of inputs and labels.
        options: cell, layers, directions, dropout, how gradients are got.

    Shape:
        A `TagBatch`. Output: (T, N, labels), logits.

    Raises:
        OptionError: the cell cannot be used.
    """

    def __init__(self, sizes: TagSizes, options: TagOptions) -> None:
        super().__init__()
        self.memory = parse_memory(options.memory)
        widths = [min(100, 4 + size // 2) for size in sizes.vocabularies]
        pairs = zip(sizes.vocabularies, widths, strict=True)
        self.embeddings = nn.ModuleList(nn.Embedding(*pair) for pair in pairs)
        self.spelling = _Spelling(sizes.characters) if sizes.characters else None
        input_size = sizes.values + sum(widths) + (_SPELLING_SIZE if sizes.characters else 0)
        self.dropout = nn.Dropout(options.dropout)
        layer = _stack(input_size, options)
        self.tagger = ManyToMany(
            layer, nn.Sequential(nn.Dropout(options.dropout), nn.Linear(layer.output_size, sizes.labels))
        )

    def forward(self, batch: TagBatch) -> Tensor:
        """Return the logits of all labels at all steps."""
        logits, _ = self.tagger(self.read(batch), lengths=batch.lengths)
        return logits

    def bounded(self) -> AbstractContextManager[None]:
        """Keep the gradients of the calls in a `with` block within `memory`."""
        return within_memory(self.memory)

    def step(self, batch: TagBatch, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits of one time step, and the state to give to the next.

        Args:
            batch: of T = 1.
            state: after the step before.

        Raises:
            OptionError: the layers read from both ends.
        """
        return self.tagger.step(self.read(batch)[0], state)

    def explain(self) -> str:
        """Say what runs the layers."""
        explained = [getattr(layer, "explain", None) for layer in self.tagger.layer.modules()]
        return next((explain().splitlines()[0] for explain in explained if explain), "")

    def read(self, batch: TagBatch) -> Tensor:
        """Return what the layers are given: (T, N, I)."""
        parts = [batch.values]
        parts += [embed(batch.codes[..., at]) for at, embed in enumerate(self.embeddings)]
        if self.spelling is not None:
            parts.append(self.spelling(batch.spellings)[batch.words])
        return self.dropout(torch.cat(parts, dim=-1))


class _Spelling(nn.Module):
    """Reads the characters of symbols: windows of three, the largest answer of each filter."""

    def __init__(self, num_codes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_codes, _CHARACTER_SIZE, padding_idx=0)
        self.filters = nn.Conv1d(_CHARACTER_SIZE, _SPELLING_SIZE, _WINDOW, padding=_WINDOW - 1)

    def forward(self, spellings: Tensor) -> Tensor:
        """Return (U, F) for (U, L); a symbol's answer does not depend on the other symbols."""
        answers = self.filters(self.embedding(spellings).transpose(1, 2))
        # Windows that hold no character but padding say nothing of the symbol.
        lengths = (spellings != 0).sum(dim=1, keepdim=True) + _WINDOW - 1
        is_behind = torch.arange(answers.shape[2], device=answers.device) >= lengths
        return torch.relu(answers.masked_fill(is_behind[:, None], -torch.inf).amax(dim=2))


def _stack(input_size: int, options: TagOptions) -> SequenceLayer:
    """Return the layers that the options describe.

    Raises:
        OptionError: the cell cannot be used.
    """
    sizes = options.hidden_size, options.num_layers
    layers = make_layers(options.cell, input_size, *sizes, bidirectional=not options.stream)
    return layers[0] if len(layers) == 1 else Stacked(*layers, dropout=options.dropout)
