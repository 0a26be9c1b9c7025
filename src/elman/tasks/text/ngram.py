"""What n-grams predict of a part of a text: the baselines of a language model."""

from __future__ import annotations

import numpy as np

from elman.cells.options import brief
from elman.errors import OptionError
from elman.tasks.text.counts import NgramCounts


def witten_bell(codes: np.ndarray, start: int, num_codes: int, order: int) -> np.ndarray:
    """Return the log-probability of each symbol from `start` on, by n-grams counted before it.

    The counts end at `start`: nothing is learned from what is scored. With order 1 only the frequencies
    of single symbols count.

    Args:
        codes: the text, (T,), each in 0..num_codes - 1.
        start: where the part to score begins.
        num_codes: symbols there could be.
        order: n, the longest run that is counted.

    Returns:
        Natural logarithms, (T - start,).

    Raises:
        OptionError: `order` or `start` is out of its range.

    Reference:
        As for `NgramCounts`.

    Example:
        >>> np.exp(witten_bell(np.array([0, 1, 0, 0]), start=3, num_codes=2, order=1)).round(3).tolist()
        [0.6]
    """
    if not 0 <= start <= len(codes):
        raise OptionError(f"`start` must be in 0..{len(codes)}, but it is {brief(start)}.")
    counts = NgramCounts(codes[:start], num_codes, order)
    return np.log(counts.probabilities(contexts_of(counts, codes, start), codes[start:]))


def contexts_of(counts: NgramCounts, codes: np.ndarray, start: int) -> np.ndarray:
    """Return the contexts before each symbol from `start` on, (n, T - start)."""
    first = max(0, start - counts.order)
    contexts = counts.follow(codes[first:, None], counts.begin(1))
    return contexts[:, start - first : -1, 0]
