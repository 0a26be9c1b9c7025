"""Counts predict what their definition says: of every symbol, after any past, also at the start of a text."""

from collections import Counter

import numpy as np
import pytest

from elman.tasks.text.counts import NgramCounts


def defined(text: list[int], num_codes: int, order: int, past: list[int]) -> np.ndarray:
    """How likely each symbol is after a past: a walk over the whole text for each length of the context."""
    chances = np.full(num_codes, 1 / num_codes)
    for length in range(min(order - 1, len(past)) + 1):
        context = past[len(past) - length :]
        places = range(len(text) - length)
        seen = Counter(text[place + length] for place in places if text[place : place + length] == context)
        if seen:
            counts = np.array([seen[code] for code in range(num_codes)])
            chances = (counts + len(seen) * chances) / (seen.total() + len(seen))
    return chances


@pytest.mark.parametrize("num_codes", [1, 2, 7, 50, 300])
@pytest.mark.parametrize(("num_counted", "order"), [(0, 2), (1, 3), (5, 8), (60, 1), (60, 8), (400, 4)])
def test_every_symbol_is_as_likely_as_the_definition_says(num_codes: int, num_counted: int, order: int):
    random = np.random.default_rng(num_codes * order + num_counted)
    # Squares, so that some symbols stand in no text that is counted.
    text = random.integers(0, num_codes, num_counted) ** 2 % num_codes
    counts = NgramCounts(text, num_codes, order)
    rows = random.integers(0, num_codes, (12, 3))
    rows[: min(9, num_counted), 0] = text[:9]  # a past that was counted
    contexts = counts.follow(rows, counts.begin(3))
    for row in range(3):
        chances = counts.distributions(contexts[:, :, row])
        expected = [defined(text.tolist(), num_codes, order, rows[:end, row].tolist()) for end in range(13)]
        # A few operations in double precision for each length of the context.
        np.testing.assert_allclose(chances, expected, rtol=1e-12)
        np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-12)
        asked = counts.probabilities(contexts[:, :-1, row], rows[:, row])
        np.testing.assert_allclose(asked, chances[np.arange(12), rows[:, row]], rtol=1e-12)
