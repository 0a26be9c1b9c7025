"""Counting: a^n b^n and a^n b^n c^n, learned for small n and judged for large ones."""

from abc import abstractmethod
from collections.abc import Iterable

import numpy as np
import torch

from elman.experiments.measures import Reach
from elman.experiments.problems.problem import Examples, Problem, Recipe, one_hot

FARTHER = 10
SOLVED = 5
RECIPE = Recipe(hidden_size=4, batch_size=10, learning_rate=0.1, max_sequences=20_000, evaluate_every=100)


class Counting(Problem):
    """What both languages share: small n to learn from, large n to be judged by; abstract.

    Args:
        length: The largest n that is learned from, L.
    """

    length_name = "largest n learned from"
    default_lengths = (10,)
    measure = Reach()
    chance = 0.0
    recipe = RECIPE

    @property
    @abstractmethod
    def num_letters(self) -> int:
        """How many letters count."""

    @property
    def bar(self) -> float:
        """All n up to 5 L."""
        return SOLVED * self.length

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw strings with n = 1 ... L."""
        return strings(generator.integers(1, self.length + 1, size=num_sequences), self.num_letters)

    def draw_test(self, num_sequences: int, generator: np.random.Generator) -> Examples:  # noqa: ARG002
        """Return the strings of n = 1 ... 10 L; nothing is random."""
        return strings(range(1, FARTHER * self.length + 1), self.num_letters)


class CountingTwo(Counting):
    """a^n b^n: from the first b on, the network has to know when the b's will end.

    Equations:
        (1) x = start, n times a, n times b
        (2) y_t = the set of symbols that may follow: {a, b} after an a; {b}, or the end after the n-th b

    Strings of n = 1 ... L are learned from, n up to 10 L is tried, and 5 L solves it: then it counts.

    Args:
        length: The largest n that is learned from, L.

    Reference:
        F. A. Gers, J. Schmidhuber (2001), "LSTM recurrent networks learn simple context-free and
        context-sensitive languages", IEEE Transactions on Neural Networks 12(6).

    Differs from the paper:
        The loss is binary cross-entropy, the optimizer Adam on batches of strings.
    """

    title = "Counting, a^n b^n"
    input_size = 3
    output_size = 3

    @property
    def num_letters(self) -> int:
        """Two: a and b."""
        return 2


class CountingThree(Counting):
    """a^n b^n c^n: no grammar without context has it; the b's must be counted down and counted anew.

    Equations:
        (1) x = start, n times a, n times b, n times c
        (2) y_t = the set of symbols that may follow: {a, b} after an a; {b}, {c}, or the end

    Args:
        length: The largest n that is learned from, L.

    Reference:
        F. A. Gers, J. Schmidhuber (2001), as for a^n b^n.

    Differs from the paper:
        The loss is binary cross-entropy, the optimizer Adam on batches of strings.
    """

    title = "Counting, a^n b^n c^n"
    input_size = 4
    output_size = 4
    # How far a network counts moves from one evaluation to the next, so it is asked often.
    recipe = Recipe(
        hidden_size=8, batch_size=10, learning_rate=0.02, max_sequences=20_000, evaluate_every=200
    )

    @property
    def num_letters(self) -> int:
        """Three: a, b and c."""
        return 3


def strings(counts: Iterable[int], num_letters: int) -> Examples:
    """Return the strings of some n.

    Symbols of the input are the start, then the letters; of the output the letters, then the end.

    Args:
        counts: The n of each string.
        num_letters: 2 or 3.
    """
    times = np.array(list(counts))
    lengths = num_letters * times + 1
    step = np.arange(lengths.max())[:, None]
    # Step 0 is the start, steps 1 ... n the a's, and so on.
    letter = np.where(step < lengths, -(-step // times), -1)
    following = np.where(step < lengths, step // times, -1)
    target = one_hot(following, num_letters + 1)
    target[..., 1] = np.where(letter == 1, 1, target[..., 1])
    target[..., 0] = np.where(letter == 1, 1, target[..., 0])
    return Examples(
        torch.from_numpy(one_hot(letter, num_letters + 1)),
        torch.from_numpy(target),
        torch.from_numpy(step < lengths),
        torch.from_numpy(lengths),
    )
