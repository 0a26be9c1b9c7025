"""Temporal order: which of two signs came first, long ago."""

import numpy as np
import torch

from elman.experiments.measures import Accuracy
from elman.experiments.problems.problem import Examples, Problem, Recipe, at_end, equal_lengths, one_hot

DISTRACTORS = 4  # a, b, c, d
X = 4
BEGIN, END = 6, 7


class TemporalOrder(Problem):
    """Two of T symbols are X or Y, far apart and far from the end; the four orders are four classes.

    Equations:
        (1) x_0 = begin, x_{T-1} = end, x_i, x_j in {X, Y}, others in {a, b, c, d}
        (2) T/10 <= i <= T/5, T/2 <= j <= 3T/5
        (3) y_T in {XX, XY, YX, YY}

    A network that remembers nothing gets 1/4.

    Args:
        length: Time steps, T.

    Reference:
        S. Hochreiter, J. Schmidhuber (1997), "Long short-term memory", Neural Computation 9(8),
        experiment 6a.

    Differs from the paper:
        All sequences have T steps; the paper's have 100 to 110.
    """

    title = "Temporal order"
    length_name = "time steps"
    default_lengths = (10, 50, 100)
    smallest = 10
    input_size = 8
    output_size = 4
    measure = Accuracy()
    chance = 1 / 4
    confirmations = 2
    recipe = Recipe(max_sequences=96_000)

    @property
    def bar(self) -> float:
        """99 of 100 right."""
        return 0.99

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw sequences of T steps."""
        num_steps, rows = self.length, np.arange(num_sequences)
        symbols = generator.integers(DISTRACTORS, size=(num_steps, num_sequences))
        symbols[0], symbols[-1] = BEGIN, END
        signs = generator.integers(2, size=(2, num_sequences))
        first = generator.integers(num_steps // 10, num_steps // 5 + 1, size=num_sequences)
        second = generator.integers(num_steps // 2, 3 * num_steps // 5 + 1, size=num_sequences)
        symbols[first, rows], symbols[second, rows] = X + signs
        input = torch.from_numpy(one_hot(symbols, self.input_size))
        order = 2 * signs[0] + signs[1]
        return Examples(input, *at_end(order, num_steps), lengths=equal_lengths(num_steps, num_sequences))
