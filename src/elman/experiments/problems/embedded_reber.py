"""The embedded Reber grammar: predict what may come next, the last but one symbol from the second."""

from collections.abc import Sequence

import numpy as np
import torch

from elman.experiments.measures import LegalSymbols
from elman.experiments.problems.problem import Examples, Problem, Recipe, one_hot

SYMBOLS = "BTPSXVE"
# State -> the symbols that may come, and the state after each; None is the end.
GRAMMAR: tuple[dict[str, int | None], ...] = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": None},
)


class EmbeddedReber(Problem):
    """Strings of a grammar, nested in others; T or P near the beginning comes again near the end.

    Equations:
        (1) string = B T reber T E or B P reber P E, reber a string of Reber's grammar
        (2) y_t = the symbols that may follow x_1 ... x_t

    A network that has forgotten the second symbol misses the last but one of every other string.

    Args:
        length: Nesting: 1 is the embedded grammar; each level more wraps the strings once more.

    Reference:
        S. E. Fahlman (1991), "The recurrent cascade-correlation architecture", NIPS. S. Hochreiter,
        J. Schmidhuber (1997), experiment 1: LSTM after 8,440 sequences at best.

    Differs from the paper:
        Strings are drawn anew instead of from 256; the loss is cross-entropy, the optimizer Adam on batches.
    """

    title = "Embedded Reber grammar"
    length_name = "levels of nesting"
    default_lengths = (1,)
    input_size = len(SYMBOLS)
    output_size = len(SYMBOLS)
    measure = LegalSymbols()
    chance = 1 / 2
    recipe = Recipe(
        hidden_size=16, batch_size=4, learning_rate=0.01, max_sequences=25_320, evaluate_every=200
    )
    num_test = 256
    confirmations = 5

    @property
    def bar(self) -> float:
        """Every step of every string."""
        return 1.0

    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw strings; a network reads all but the last symbol of each."""
        return encode([self._string(generator) for _ in range(num_sequences)])

    def _string(self, generator: np.random.Generator) -> tuple[str, list[str]]:
        """Return a string, and what may follow each of its symbols but the last."""
        string, legal = _reber(generator)
        for _ in range(self.length):
            outer = "TP"[generator.integers(2)]
            string = f"B{outer}{string}{outer}E"
            legal = ["TP", "B", *legal, outer, "E"]
        return string, legal


def encode(strings: Sequence[tuple[str, list[str]]]) -> Examples:
    """Return strings, each with what may follow its symbols, as examples.

    Args:
        strings: A string, and for each of its symbols but the last those that may follow.
    """
    lengths = np.array([len(string) - 1 for string, _ in strings])
    symbols = np.full((lengths.max() + 1, len(strings)), -1)
    legal = np.zeros((lengths.max(), len(strings), len(SYMBOLS)), bool)
    for row, (string, following) in enumerate(strings):
        symbols[: len(string), row] = [SYMBOLS.index(symbol) for symbol in string]
        for t, few in enumerate(following):
            legal[t, row, [SYMBOLS.index(symbol) for symbol in few]] = True
    counts = np.arange(lengths.max())[:, None] < lengths
    seen = np.where(counts, symbols[:-1], -1)
    return Examples(
        torch.from_numpy(one_hot(seen, len(SYMBOLS))),
        torch.from_numpy(np.maximum(symbols[1:], 0)),
        torch.from_numpy(counts),
        torch.from_numpy(lengths),
        torch.from_numpy(legal),
    )


def _reber(generator: np.random.Generator) -> tuple[str, list[str]]:
    """Return a string of Reber's grammar, and what may follow each of its symbols but the last."""
    string, legal = "", []
    state: int | None = 0
    while state is not None:
        few = "".join(GRAMMAR[state])
        symbol = few[generator.integers(len(few))]
        legal.append(few)
        string, state = string + symbol, GRAMMAR[state][symbol]
    return string, legal[1:]
