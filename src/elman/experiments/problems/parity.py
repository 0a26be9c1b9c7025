"""Parity: whether the number of ones is odd."""

import numpy as np
import torch

from elman.experiments.measures import Accuracy
from elman.experiments.problems.problem import Examples, Problem, Recipe, at_end

LONGER = 10


class Parity(Problem):
    """Short strings of bits are learned from; strings ten times as long are judged.

    Equations:
        (1) y_T = (x_1 + ... + x_T) mod 2

    Every bit turns the answer, so that a guess from fewer than all of them gets 1/2.

    Args:
        length: Bits of the longest string that is learned from, L; shorter ones are as frequent.

    Reference:
        M. L. Minsky, S. A. Papert (1969), "Perceptrons". As a
        sequence: Y. Bengio, P. Simard, P. Frasconi (1994), as for delayed recall.
    """

    title = "Parity"
    length_name = "bits of the longest string learned from"
    default_lengths = (10,)
    input_size = 1
    output_size = 2
    measure = Accuracy()
    chance = 1 / 2
    confirmations = 5
    recipe = Recipe(
        hidden_size=16, batch_size=64, learning_rate=0.02, max_sequences=128_000, evaluate_every=6_400
    )

    @property
    def bar(self) -> float:
        """All right but one in a thousand."""
        return 0.999

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw strings of 1 to L bits."""
        return self._draw(generator.integers(1, self.length + 1, size=num_sequences), generator)

    def draw_test(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw strings of 10 L bits."""
        return self._draw(np.full(num_sequences, LONGER * self.length), generator)

    def _draw(self, lengths: np.ndarray, generator: np.random.Generator) -> Examples:
        num_steps = int(lengths.max())
        bits = generator.integers(2, size=(num_steps, len(lengths)))
        bits[np.arange(num_steps)[:, None] >= lengths] = 0
        input = torch.from_numpy(bits[..., None].astype(np.float32))
        return Examples(
            input, *at_end(bits.sum(axis=0) % 2, num_steps, lengths), lengths=torch.from_numpy(lengths)
        )
