"""Sequences that are being written, step by step."""

from typing import NamedTuple

import torch
from torch import Tensor

from elman.layers.contract import SequenceLayer
from elman.layers.topologies.generated import Generated
from elman.layers.topologies.sequences import swap_time


class Choice(NamedTuple):
    """How symbols are chosen.

    Args:
        end: The symbol that ends a sequence, if one does.
        temperature: None takes the likeliest symbol; a number draws it from softmax(o_t / temperature).
        generator: Of the draws.
    """

    end: int | None = None
    temperature: float | None = None
    generator: torch.Generator | None = None

    def of(self, logits: Tensor) -> Tensor:
        """Return one symbol a row: the likeliest, or one drawn.

        Args:
            logits: Of the symbols.

        Shape:
            logits: (N, K). Result: (N,).
        """
        if self.temperature is None:
            return logits.argmax(-1)
        probabilities = (logits / self.temperature).softmax(-1)
        return torch.multinomial(probabilities, 1, generator=self.generator)[:, 0]


class Writing:
    """N sequences so far, which of them go on, and how likely they are.

    Args:
        like: Any floating point tensor of N rows, for device and dtype.
        is_symbols: Whether symbols are written, or real values.
        choice: How symbols are chosen.

    Shape:
        like: (N, ...).
    """

    def __init__(self, like: Tensor, is_symbols: bool, choice: Choice):
        self._is_symbols, self._choice = is_symbols, choice
        self.live = torch.ones(len(like), dtype=torch.bool, device=like.device)
        self._lengths = self.live.new_zeros(len(like), dtype=torch.int64)
        self._score = like.new_zeros(len(like))
        self._steps: list[Tensor] = []
        self._maps: list[Tensor] = []

    def add(self, output: Tensor, weights: Tensor | None) -> Tensor:
        """Take in the output of one step; return what was written, to be read back.

        Args:
            output: Logits, or the values.
            weights: Of the attention.

        Shape:
            output: (N, K), or (N, F). weights: (N, S). Result: (N,), or (N, F).
        """
        own = self._symbol(output) if self._is_symbols else output
        if weights is not None:
            self._maps.append(weights.masked_fill(~self.live[:, None], 0))
        self._steps.append(own)
        self._lengths = self._lengths + self.live
        if self._choice.end is not None:
            self.live = self.live & (own != self._choice.end)
        return own

    def _symbol(self, logits: Tensor) -> Tensor:
        own, end = self._choice.of(logits), self._choice.end
        chosen = logits.log_softmax(-1).gather(1, own[:, None])[:, 0]
        self._score = self._score + chosen.masked_fill(~self.live, 0)
        return own if end is None else own.masked_fill(~self.live, end)

    def result(self, layer: SequenceLayer) -> Generated:
        """Return what was written, in the layout of a layer."""
        attention = swap_time(layer, torch.stack(self._maps)) if self._maps else None
        sequences = swap_time(layer, torch.stack(self._steps))
        return Generated(sequences, self._lengths, self._score if self._is_symbols else None, attention)
