"""Binary addition: two numbers, bit by bit."""

import numpy as np
import torch

from elman.experiments.measures import Accuracy
from elman.experiments.problems.problem import Examples, Problem, Recipe

DELAY = 2
LONGER = 10


class BinaryAddition(Problem):
    """Two numbers come bit by bit, the lowest first; their sum is to come out, two steps later.

    Equations:
        (1) x_t = (a_t, b_t), t = 0 ... n - 1, then zeros
        (2) y_{t+2} = bit t of a + b, t = 0 ... n

    Short numbers are learned from; numbers ten times as long are judged. A guess from a window gets as far
    as carries are shorter than it; one that knows nothing gets 1/2.

    Args:
        length: Bits of the longest numbers that are learned from; shorter ones are as frequent.

    Reference:
        G. Hinton (2012), "Neural networks for machine learning", lecture 7: the automaton of four states
        that three hidden units learn.
    """

    title = "Binary addition"
    length_name = "bits of the longest numbers learned from"
    default_lengths = (10,)
    input_size = 2
    output_size = 2
    measure = Accuracy()
    chance = 1 / 2
    confirmations = 5
    recipe = Recipe(
        hidden_size=16, batch_size=64, learning_rate=0.01, max_sequences=512_000, evaluate_every=12_800
    )

    @property
    def bar(self) -> float:
        """Every bit right."""
        return 1.0

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw numbers of 1 to L bits."""
        return self._draw(generator.integers(1, self.length + 1, size=num_sequences), generator)

    def draw_test(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw numbers of 10 L bits."""
        return self._draw(np.full(num_sequences, LONGER * self.length), generator)

    def _draw(self, num_bits: np.ndarray, generator: np.random.Generator) -> Examples:
        num_steps = int(num_bits.max()) + 1 + DELAY
        bits = generator.integers(2, size=(num_steps, len(num_bits), 2))
        step = np.arange(num_steps)[:, None]
        bits[step >= num_bits] = 0
        target, carry = np.zeros(bits.shape[:2], np.int64), np.zeros(len(num_bits), np.int64)
        for t in range(num_steps - DELAY):
            carry, target[t + DELAY] = np.divmod(bits[t].sum(axis=1) + carry, 2)
        counts = (step >= DELAY) & (step <= num_bits + DELAY)
        return Examples(
            torch.from_numpy(bits.astype(np.float32)),
            torch.from_numpy(target),
            torch.from_numpy(counts),
            torch.from_numpy(num_bits + 1 + DELAY),
        )
