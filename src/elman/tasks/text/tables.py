"""Tables of n-grams: which stand in a text, how often, and by how many symbols each is followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

UNSEEN = -1
"""The number of what the text does not hold."""


@dataclass(frozen=True)
class NgramTable:
    """The n-grams of one length k that stand in a text; the place of each in the table is its number.

    Args:
        keys: the number of its first k - 1 symbols times V, plus its last symbol; ascending.
        counts: how often it stands in the text.
        totals: N of each n-gram of length k - 1: how often it is followed by a symbol.
        kinds: D of each n-gram of length k - 1: by how many different ones.
        num_codes: symbols there could be, V.
    """

    keys: np.ndarray
    counts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray
    num_codes: int

    def find(self, contexts: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return the numbers of the n-grams that are a context and a symbol.

        Args:
            contexts: the number of the first k - 1 symbols, or `UNSEEN`, (...).
            codes: the last symbol, (...).
        """
        if not len(self.keys):
            return np.full(codes.shape, UNSEEN)
        wanted = contexts * self.num_codes + codes
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((contexts >= 0) & (self.keys[place] == wanted), place, UNSEEN)

    def followers(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return N and D of contexts; zeros where a context is unseen.

        Args:
            contexts: as for `find`.
        """
        if not len(self.totals):
            return np.zeros(contexts.shape), np.zeros(contexts.shape)
        is_seen = contexts >= 0
        return np.where(is_seen, self.totals[contexts], 0), np.where(is_seen, self.kinds[contexts], 0)


def count_ngrams(codes: np.ndarray, num_codes: int, order: int) -> list[NgramTable]:
    """Return the tables of the n-grams of 1, 2, ..., n symbols.

    Args:
        codes: the text, (T,), each in 0..V - 1.
        num_codes: symbols there could be, V.
        order: n, the longest that are counted.
    """
    tables: list[NgramTable] = []
    contexts, num_contexts = np.zeros(len(codes), dtype=np.int64), 1
    for length in range(1, order + 1):
        wanted, num_possible = contexts * num_codes + codes[length - 1 :], num_contexts * num_codes
        keys, counts = _count(wanted, num_possible)
        owners = keys // num_codes
        totals = np.bincount(owners, weights=counts, minlength=num_contexts)
        kinds = np.bincount(owners, minlength=num_contexts)
        tables.append(NgramTable(keys, counts, totals, kinds, num_codes))
        if length < order:
            contexts, num_contexts = _places(keys, wanted[:-1], num_possible), len(keys)
    return tables


def _count(wanted: np.ndarray, num_possible: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys that are there, ascending, and how often."""
    # Where the text is longer than the list of all keys there could be, that list spares a sort.
    if num_possible > len(wanted):
        return np.unique(wanted, return_counts=True)
    counts = np.bincount(wanted)
    keys = np.flatnonzero(counts)
    return keys, counts[keys]


def _places(keys: np.ndarray, wanted: np.ndarray, num_possible: int) -> np.ndarray:
    """Return where each wanted key, all of which are there, stands."""
    if num_possible > len(wanted):
        return np.searchsorted(keys, wanted)
    places = np.zeros(num_possible, dtype=np.int64)
    places[keys] = np.arange(len(keys))
    return places[wanted]
