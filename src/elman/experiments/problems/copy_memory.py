"""Copy memory: say again, in order, what came long ago."""

import numpy as np
import torch

from elman.experiments.measures import Accuracy
from elman.experiments.problems.problem import Examples, Problem, Recipe, equal_lengths, one_hot

NUM_SYMBOLS = 8
NUM_KEPT = 10
BLANK, GO = NUM_SYMBOLS, NUM_SYMBOLS + 1


class CopyMemory(Problem):
    """Ten symbols out of eight kinds, a delay, a sign; then the ten are to be said in their order.

    Equations:
        (1) x = s_1 ... s_10, L - 1 blanks, go, 10 blanks
        (2) y_{L+10+k} = s_k, k = 1 ... 10

    A network that remembers nothing gets 1/8.

    Args:
        length: Steps of the delay, the sign among them, L.

    Reference:
        S. Hochreiter, J. Schmidhuber (1997); in this form M. Arjovsky, A. Shah, Y. Bengio (2016), "Unitary
        evolution recurrent neural networks", ICML.

    Differs from the paper:
        The loss counts the ten steps of the answer alone, not the blanks before.
    """

    title = "Copy memory"
    length_name = "steps of the delay"
    default_lengths = (5, 50)
    input_size = NUM_SYMBOLS + 2
    output_size = NUM_SYMBOLS
    measure = Accuracy()
    chance = 1 / NUM_SYMBOLS
    confirmations = 2
    recipe = Recipe(hidden_size=64, max_sequences=320_000, evaluate_every=6_400)
    num_test = 256

    @property
    def bar(self) -> float:
        """99 of 100 symbols right."""
        return 0.99

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw sequences of L + 20 steps."""
        num_steps = self.length + 2 * NUM_KEPT
        kept = generator.integers(NUM_SYMBOLS, size=(NUM_KEPT, num_sequences))
        seen = np.full((num_steps, num_sequences), BLANK)
        seen[:NUM_KEPT] = kept
        seen[-NUM_KEPT - 1] = GO
        target, counts = np.zeros_like(seen), np.zeros(seen.shape, bool)
        target[-NUM_KEPT:], counts[-NUM_KEPT:] = kept, True
        return Examples(
            torch.from_numpy(one_hot(seen, self.input_size)),
            torch.from_numpy(target),
            torch.from_numpy(counts),
            equal_lengths(num_steps, num_sequences),
        )
