"""Delayed recall: say at the end what came first."""

import numpy as np
import torch

from elman.experiments.measures import Accuracy
from elman.experiments.problems.problem import Examples, Problem, Recipe, at_end, equal_lengths, one_hot

NUM_SYMBOLS = 4


class DelayedRecall(Problem):
    """One of four symbols is to be kept while others go by, and named when asked for.

    Equations:
        (1) x_0 = (symbol s, store), x_1 ... x_{L-1} random symbols of the same four, x_L = (recall)
        (2) y_L = s

    A network that does not see x_0 any more gets 1/4.

    Args:
        length: Steps from the symbol to the question, L.

    Reference:
        Y. Bengio, P. Simard, P. Frasconi (1994), "Learning long-term dependencies with gradient descent is
        difficult", IEEE Transactions on Neural Networks 5(2): the latch problem.

    Differs from the paper:
        Four symbols instead of two signals, and what goes by looks like what is to be kept.
    """

    title = "Delayed recall"
    length_name = "steps from the symbol to the question"
    default_lengths = (5, 50, 200, 400)
    input_size = NUM_SYMBOLS + 2
    output_size = NUM_SYMBOLS
    measure = Accuracy()
    chance = 1 / NUM_SYMBOLS
    # Small steps: with larger ones the state of an LSTM saturates before it learns what not to write.
    recipe = Recipe(batch_size=16, learning_rate=0.003, max_sequences=24_000, evaluate_every=1_600)
    confirmations = 2

    @property
    def bar(self) -> float:
        """99 of 100 right."""
        return 0.99

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw sequences of L + 1 steps."""
        num_steps = self.length + 1
        symbols = generator.integers(NUM_SYMBOLS, size=(num_steps, num_sequences))
        flags = np.zeros((num_steps, num_sequences, 2), np.float32)
        flags[0, :, 0] = flags[-1, :, 1] = 1
        seen = one_hot(symbols, NUM_SYMBOLS)
        seen[-1] = 0
        input = torch.from_numpy(np.concatenate([seen, flags], axis=2))
        return Examples(
            input, *at_end(symbols[0], num_steps), lengths=equal_lengths(num_steps, num_sequences)
        )
