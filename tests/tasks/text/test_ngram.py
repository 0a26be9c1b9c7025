"""Witten-Bell n-grams against a plain loop over dictionaries and against numbers computed by hand."""

from collections import Counter, defaultdict
from math import log

import numpy as np
import pytest

from elman.errors import OptionError
from elman.tasks.text.ngram import witten_bell


def loop(codes: list[int], start: int, num_codes: int, order: int) -> list[float]:
    """The same from its definition: counts of contexts in dictionaries, one symbol at a time."""
    following: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for place in range(start):
        for length in range(min(order - 1, place) + 1):
            following[tuple(codes[place - length : place])][codes[place]] += 1
    scores = []
    for place in range(start, len(codes)):
        probability = 1 / num_codes
        for length in range(min(order - 1, place) + 1):
            seen = following.get(tuple(codes[place - length : place]))
            if seen:
                mass = seen.total() + len(seen)
                probability = (seen[codes[place]] + len(seen) * probability) / mass
        scores.append(log(probability))
    return scores


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("start", [0, 1, 3, 150, 199])
def test_scores_are_those_of_the_loop(order: int, start: int):
    codes = np.random.default_rng(order).integers(0, 4, size=200) ** 2 % 7
    ours = witten_bell(codes, start, 7, order)
    # A few operations in double precision apart.
    np.testing.assert_allclose(ours, loop(codes.tolist(), start, 7, order), rtol=1e-12)


def test_hand_computed_bigram():
    # "abab|b": p_1(b) = (2 + 2 / 3) / (4 + 2) with V = 3; b was followed by a alone, once.
    unigram = (2 + 2 / 3) / 6
    bigram = (0 + 1 * unigram) / (1 + 1)
    assert witten_bell(np.array([0, 1, 0, 1, 1]), 4, 3, 2)[0] == pytest.approx(log(bigram), rel=1e-14)


def test_probabilities_sum_to_one():
    past = [0, 1, 2, 0, 1, 1, 0, 2, 0, 1]
    chances = [np.exp(witten_bell(np.array([*past, code]), len(past), 4, 4)[0]) for code in range(4)]
    assert sum(chances) == pytest.approx(1, rel=1e-14)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(OptionError, match="`order` must be 1 or more, but it is 0"):
        witten_bell(np.array([0, 1]), 1, 2, 0)
    with pytest.raises(OptionError, match=r"`start` must be in 0\.\.2, but it is 3"):
        witten_bell(np.array([0, 1]), 3, 2, 1)
