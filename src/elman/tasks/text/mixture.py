"""A network mixed with counts of the text it learned from.

The network knows what goes together, the counts know names and phrases to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from elman.tasks.text.counts import NgramCounts
from elman.tasks.text.ngram import contexts_of

PREFIX = "mixture."
_CODES, _WEIGHT, _ORDER = f"{PREFIX}codes", f"{PREFIX}weight", f"{PREFIX}order"
MOST_COUNTED = 4_000_000
"""Symbols, the last ones of a longer text: a model counts them again whenever it is read from its file."""

_NUM_UPDATES = 200


class Mixture:
    """What a network predicts and what n-grams predict, side by side.

    Equations:
        (1) p(x) = (1 - w) p_network(x) + w p_counts(x)

    Args:
        counts: of the training part.
        weight: w, in [0, 1].

    Reference:
        T. Mikolov, M. Karafiát, L. Burget, J. Černocký, S. Khudanpur (2010), "Recurrent neural network based
        language model", Interspeech.
    """

    def __init__(self, counts: NgramCounts, weight: float) -> None:
        self.counts, self.weight = counts, weight

    @classmethod
    def fitted(cls, codes: np.ndarray, start: int, num_codes: int, order: int, read: np.ndarray) -> Mixture:
        """Return the mixture that a held-out part likes best, with the counts of the text before it.

        Of a longer text the `MOST_COUNTED` symbols before the part are counted.

        Args:
            codes: the text up to the end of the part.
            start: where the part begins.
            num_codes: symbols there could be.
            order: n, the longest run that is counted.
            read: the network's log-probability of each symbol of the part.
        """
        counts = NgramCounts(codes[max(0, start - MOST_COUNTED) : start], num_codes, order)
        counted = counts.probabilities(contexts_of(counts, codes, start), codes[start:])
        return cls(counts, _best_weight(np.exp(read), counted))

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor], num_codes: int) -> Mixture | None:
        """Return the mixture that `tensors` described; None if they hold none.

        Args:
            tensors: of a model's file; those of other parts are passed over.
            num_codes: symbols there could be.
        """
        if _CODES not in tensors:
            return None
        codes = tensors[_CODES].numpy().astype(np.int64)
        return cls(NgramCounts(codes, num_codes, int(tensors[_ORDER])), float(tensors[_WEIGHT]))

    def tensors(self) -> dict[str, Tensor]:
        """Return what the file of a model holds: the text that was counted, n and the weight."""
        is_small = self.counts.num_codes <= np.iinfo(np.uint8).max + 1
        codes = self.counts.codes.astype(np.uint8 if is_small else np.int32)
        return {
            _CODES: torch.from_numpy(codes),
            _ORDER: torch.tensor(self.counts.order),
            _WEIGHT: torch.tensor(self.weight, dtype=torch.float64),
        }

    def log_probabilities(self, codes: np.ndarray, start: int, read: np.ndarray) -> np.ndarray:
        """Return the log-probability of each symbol of a text from `start` on.

        Args:
            codes: the text.
            start: the first symbol to score.
            read: the network's log-probability of each, (T - start,).
        """
        return self.mix(contexts_of(self.counts, codes, start), codes[start:], read)

    def read(self, rows: np.ndarray, read: np.ndarray) -> np.ndarray:
        """Return the log-probability of each symbol of rows but the first, before which nothing is known.

        Args:
            rows: codes, (T, N).
            read: the network's log-probabilities, (T - 1, N).
        """
        contexts = self.counts.follow(rows, self.counts.begin(rows.shape[1]))
        return self.mix(contexts[:, 1:-1], rows[1:], read)

    def mix(self, contexts: np.ndarray, codes: np.ndarray, read: np.ndarray) -> np.ndarray:
        """Return the log-probabilities of symbols.

        Args:
            contexts: before each symbol, (n, ...).
            codes: the symbols, (...).
            read: the network's log-probabilities, (...).
        """
        return self._add(read, self.counts.probabilities(contexts, codes))

    def mix_all(self, contexts: np.ndarray, read: np.ndarray) -> np.ndarray:
        """Return the log-probabilities of all symbols that could come next.

        Args:
            contexts: (n, N).
            read: the network's log-probabilities, (N, V).
        """
        return self._add(read, self.counts.distributions(contexts))

    def _add(self, read: np.ndarray, counted: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.log1p(-self.weight) + read, np.log(self.weight) + np.log(counted))


def _best_weight(read: np.ndarray, counted: np.ndarray) -> float:
    """Return the weight of the counts that makes symbols likeliest, by expectation maximisation.

    Args:
        read: the network's probabilities.
        counted: the counts' probabilities.
    """
    weight = 0.5
    for _ in range(_NUM_UPDATES):
        weight = float(np.mean(weight * counted / ((1 - weight) * read + weight * counted)))
    return weight
