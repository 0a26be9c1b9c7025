"""The adding problem: the sum of the two marked numbers of a long sequence."""

import numpy as np
import torch

from elman.experiments.measures import SquaredError
from elman.experiments.problems.problem import Examples, Problem, Recipe, at_end, equal_lengths


class Adding(Problem):
    """Two of T random numbers are marked, one in each half; their sum is asked for at the end.

    Equations:
        (1) x_t = (u_t, m_t), u_t ~ Uniform(0, 1), m_i = m_j = 1 with i < T // 2 <= j, else 0
        (2) y_T = u_i + u_j

    Always to say 1 has a mean squared error of 1/6, the variance of the sum.

    Args:
        length: Time steps, T.

    Reference:
        S. Hochreiter, J. Schmidhuber (1997), "Long short-term memory", Neural Computation 9(8), experiment 4.

    Differs from the paper:
        All sequences have T steps, the marks are uniform in the halves, and numbers lie in 0..1, as is usual
        since Le, Jaitly and Hinton (2015).
    """

    title = "Adding problem"
    length_name = "time steps"
    default_lengths = (50, 200)
    smallest = 2
    input_size = 2
    output_size = 1
    measure = SquaredError()
    chance = 1 / 6
    recipe = Recipe(hidden_size=32, max_sequences=320_000, evaluate_every=3_200)

    @property
    def bar(self) -> float:
        """A mean squared error of 0.001."""
        return 1e-3

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw sequences of T steps."""
        half, rows = self.length // 2, np.arange(num_sequences)
        values = generator.random((self.length, num_sequences))
        first = generator.integers(half, size=num_sequences)
        second = generator.integers(half, self.length, size=num_sequences)
        marks = np.zeros_like(values)
        marks[first, rows] = marks[second, rows] = 1
        input = torch.from_numpy(np.stack([values, marks], axis=2).astype(np.float32))
        total = (values[first, rows] + values[second, rows])[:, None].astype(np.float32)
        return Examples(input, *at_end(total, self.length), lengths=equal_lengths(self.length, num_sequences))
