"""What a count of short runs of symbols predicts, after any text: Witten-Bell n-grams."""

from __future__ import annotations

import numpy as np

from elman.cells.options import brief
from elman.errors import OptionError
from elman.tasks.text.tables import UNSEEN, count_ngrams


class NgramCounts:
    """How often each run of up to n symbols stands in a text, and what is likely after any other.

    A *context* is what came before a symbol, as the numbers of the runs of 0, 1, ..., n - 1 symbols that it
    ends with; `UNSEEN` stands for a run that the text does not hold.

    Equations:
        h is a context of n - 1 symbols; h' is h without its first symbol
        N(h): how often h was followed by a symbol; D(h): by how many different ones
        (1) p_0(x) = 1 / V
        (2) p_n(x | h) = (count(h x) + D(h) p_{n-1}(x | h')) / (N(h) + D(h))
        (3) p_n(x | h) = p_{n-1}(x | h')    if N(h) = 0

    Args:
        codes: the text, (T,), each in 0..V - 1.
        num_codes: symbols there could be, V.
        order: n, the longest run that is counted.

    Raises:
        OptionError: `order` is not positive.

    Reference:
        I. H. Witten, T. C. Bell (1991), "The zero-frequency problem: estimating the probabilities of novel
        events in adaptive text compression", IEEE Transactions on Information Theory 37(4), method C.
        S. F. Chen, J. Goodman (1998), "An empirical study of smoothing techniques for language modeling",
        section 2.5.

    Example:
        >>> counts = NgramCounts(np.array([0, 1, 0]), num_codes=2, order=1)
        >>> counts.distributions(counts.begin(1)).round(3).tolist()
        [[0.6, 0.4]]
    """

    def __init__(self, codes: np.ndarray, num_codes: int, order: int) -> None:
        if order < 1:
            raise OptionError(f"`order` must be 1 or more, but it is {brief(order)}.")
        self.codes, self.num_codes, self.order = codes, num_codes, order
        self._tables = count_ngrams(codes, num_codes, order)

    def begin(self, num_rows: int) -> np.ndarray:
        """Return the contexts before the first symbol of rows, (n, N)."""
        context = np.full((self.order, num_rows), UNSEEN)
        context[0] = 0
        return context

    def follow(self, codes: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Return the contexts before each symbol and after the last one.

        Args:
            codes: (T, N).
            context: before the first symbol, (n, N).

        Returns:
            (n, T + 1, N).
        """
        contexts = np.full((self.order, len(codes) + 1, codes.shape[1]), UNSEEN)
        contexts[:, 0] = context
        contexts[0] = 0
        for length in range(1, self.order):
            contexts[length, 1:] = self._tables[length - 1].find(contexts[length - 1, :-1], codes)
        return contexts

    def probabilities(self, contexts: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return how likely each symbol is, (...).

        Args:
            contexts: before each symbol, (n, ...).
            codes: the symbols, (...).
        """
        chances = np.full(codes.shape, 1 / self.num_codes)
        for table, context in zip(self._tables, contexts, strict=True):
            totals, kinds = table.followers(context)
            number = table.find(context, codes)
            counts = np.where(number >= 0, table.counts[number], 0) if len(table.counts) else 0
            is_known = totals > 0
            mixed = (counts + kinds * chances) / np.where(is_known, totals + kinds, 1)
            chances = np.where(is_known, mixed, chances)
        return chances

    def distributions(self, contexts: np.ndarray) -> np.ndarray:
        """Return how likely every symbol is after each context.

        Args:
            contexts: (n, N).

        Returns:
            (N, V).
        """
        chances = np.full((contexts.shape[1], self.num_codes), 1 / self.num_codes)
        for table, context in zip(self._tables, contexts, strict=True):
            totals, kinds = table.followers(context)
            first = np.searchsorted(table.keys, np.maximum(context, 0) * self.num_codes)
            rows = np.flatnonzero(totals > 0)
            mass = (totals + kinds)[rows]
            chances[rows] *= (kinds[rows] / mass)[:, None]
            # All entries of a context lie side by side.
            sizes = kinds[rows].astype(np.int64)
            within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            entries = np.repeat(first[rows], sizes) + within
            symbols = table.keys[entries] % self.num_codes
            chances[np.repeat(rows, sizes), symbols] += table.counts[entries] / np.repeat(mass, sizes)
        return chances
