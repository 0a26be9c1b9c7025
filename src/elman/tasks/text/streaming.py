"""How likely lines are, and pieces of a text that comes in bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.data.vocabulary import UNKNOWN, Vocabulary
from elman.tasks.results.text import LineScore
from elman.tasks.text.mixture import Mixture
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.reading import read_in_chunks, read_rows


def score_lines(
    network: TextNetwork,
    mixture: Mixture | None,
    vocabulary: Vocabulary,
    lines: Sequence[str],
    batch_size: int,
) -> list[LineScore]:
    """Return how likely each line is after the end of a line, in the order given.

    Where training saw line ends, the line's own end counts too: the probabilities of all lines then sum to 1.

    Args:
        network: in evaluation mode.
        mixture: what the network is mixed with.
        vocabulary: of the network.
        lines: without their line ends.
        batch_size: lines that are read side by side.
    """
    newline = vocabulary.newline
    end = [newline] if vocabulary.unit == "byte" or newline != UNKNOWN else []
    coded = [[newline, *vocabulary.encode(line).tolist(), *end] for line in lines]
    totals = [0.0] * len(lines)
    # Lines of like length side by side: little is read in vain.
    order = sorted(range(len(lines)), key=lambda index: len(coded[index]))
    for begin in range(0, len(order), batch_size):
        chosen = [index for index in order[begin : begin + batch_size] if len(coded[index]) > 1]
        if not chosen:
            continue
        lengths = torch.tensor([len(coded[index]) - 1 for index in chosen])
        rows = torch.zeros(int(lengths.max()) + 1, len(chosen), dtype=torch.int64)
        for column, index in enumerate(chosen):
            rows[: len(coded[index]), column] = torch.tensor(coded[index])
        read = read_rows(network, rows.to(network.head.weight.device)).double().numpy()
        if mixture is not None:
            read = mixture.read(rows.numpy(), read)
        is_read = np.arange(len(read))[:, None] < lengths.numpy()
        for index, total in zip(chosen, np.where(is_read, read, 0).sum(axis=0).tolist(), strict=True):
            totals[index] = total
    return [
        LineScore(line, total, len(codes) - 1, vocabulary.unknown_in(line))
        for line, total, codes in zip(lines, totals, coded, strict=True)
    ]


class TextStream:
    """A text that comes in piece by piece, read by a fitted model.

    Args:
        network: in evaluation mode.
        mixture: what the network is mixed with.
        vocabulary: of the network.
    """

    def __init__(self, network: TextNetwork, mixture: Mixture | None, vocabulary: Vocabulary) -> None:
        self._network, self._mixture, self._vocabulary = network, mixture, vocabulary
        self._last = vocabulary.newline
        self._state: Any = None
        self._context = mixture and _context_after(mixture, self._last)

    @torch.no_grad()
    def push(self, text: str) -> float | None:
        """Read the next piece; return its log-probability given all before it, None if it holds no symbol.

        Args:
            text: any number of symbols; words must not be cut in two.
        """
        codes = self._vocabulary.encode(text).tolist()
        if not codes:
            return None
        chosen = self._read(torch.tensor([self._last, *codes], device=self._network.head.weight.device))
        self._last = codes[-1]
        if self._mixture is not None and self._context is not None:
            contexts = self._mixture.counts.follow(np.array(codes)[:, None], self._context)
            chosen = self._mixture.mix(contexts[:, :-1, 0], np.array(codes), chosen)
            self._context = contexts[:, -1]
        return float(chosen.sum())

    def _read(self, codes: Tensor) -> np.ndarray:
        """Return the network's log-probability of each code but the first; go on from there."""
        parts = []
        for here, logits, state in read_in_chunks(self._network, codes[:-1, None], self._state):
            self._state = state
            predicted = logits[:, 0].double().log_softmax(dim=-1)
            parts.append(predicted.gather(1, codes[1:][here, None])[:, 0].cpu().numpy())
        return np.concatenate(parts)


def _context_after(mixture: Mixture, code: int) -> np.ndarray:
    """Return the context of a single symbol at the beginning, (n, 1)."""
    return mixture.counts.follow(np.array([[code]]), mixture.counts.begin(1))[:, -1]
