"""What a count of short runs of symbols predicts: the baselines of a language model."""

from __future__ import annotations

import numpy as np

from elman.cells.options import brief
from elman.errors import OptionError


def witten_bell(codes: np.ndarray, start: int, num_codes: int, order: int) -> np.ndarray:
    """Return the log-probability of each symbol from `start` on, by n-grams counted before it.

    The counts end at `start`: nothing is learned from what is scored. With order 1 only the frequencies
    of single symbols count.

    Equations:
        h is the context, the n - 1 symbols before x; h' is h without its first symbol
        N(h): how often h was followed by a symbol; D(h): by how many different ones
        (1) p_0(x) = 1 / num_codes
        (2) p_n(x | h) = (count(h x) + D(h) p_{n-1}(x | h')) / (N(h) + D(h))
        (3) p_n(x | h) = p_{n-1}(x | h')    if N(h) = 0

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
        I. H. Witten, T. C. Bell (1991), "The zero-frequency problem: estimating the probabilities of novel
        events in adaptive text compression", IEEE Transactions on Information Theory 37(4), method C.
        S. F. Chen, J. Goodman (1998), "An empirical study of smoothing techniques for language modeling",
        section 2.5.

    Example:
        >>> np.exp(witten_bell(np.array([0, 1, 0, 0]), start=3, num_codes=2, order=1)).round(3).tolist()
        [0.6]
    """
    if order < 1:
        raise OptionError(f"`order` must be 1 or more, but it is {brief(order)}.")
    if not 0 <= start <= len(codes):
        raise OptionError(f"`start` must be in 0..{len(codes)}, but it is {brief(start)}.")
    probability = np.full(len(codes), 1 / num_codes)
    context = np.zeros(len(codes), dtype=np.int64)  # the number of the context before each symbol
    is_whole = np.ones(len(codes), dtype=bool)  # whether the text reaches back so far
    for _ in range(order):
        runs, gram = np.unique(context * num_codes + codes, return_inverse=True)
        counted = is_whole.copy()
        counted[start:] = False
        count = np.bincount(gram[counted], minlength=len(runs))
        owner = runs // num_codes  # the context of each run
        size = int(owner.max(initial=0)) + 1
        total = np.bincount(owner, weights=count, minlength=size)[context]
        distinct = np.bincount(owner, weights=count > 0, minlength=size)[context]
        known = is_whole & (total > 0)
        mixed = (count[gram] + distinct * probability) / np.where(known, total + distinct, 1)
        probability = np.where(known, mixed, probability)
        context, is_whole = np.roll(gram, 1), np.roll(is_whole, 1)
        context[:1], is_whole[:1] = 0, False
    return np.log(probability[start:])
