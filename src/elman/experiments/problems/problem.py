"""What every problem says of itself: how examples are drawn, what chance gets, and when it is solved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from elman.cells.options import brief
from elman.errors import OptionError
from elman.experiments.measures import Measure


@dataclass(frozen=True, eq=False)
class Examples:
    """Some sequences of a problem, time first.

    Args:
        input: What a network reads.
        target: What it is to say at each step.
        counts: True at the steps whose output is asked for.
        lengths: Number of time steps of each sequence.
        legal: The symbols that may come next, where there can be several.

    Shape:
        input: (T, N, I). target: (T, N) of class numbers, or (T, N, O). counts: (T, N) of bool.
        lengths: (N,). legal: (T, N, O) of bool.
    """

    input: Tensor
    target: Tensor
    counts: Tensor
    lengths: Tensor
    legal: Tensor | None = None


@dataclass(frozen=True)
class Recipe:
    """How a problem is trained where nobody says otherwise; found by trial, the same for all networks.

    Args:
        hidden_size: Hidden units, H.
        batch_size: Sequences of an update, N.
        learning_rate: Of Adam.
        max_sequences: After so many a trial ends.
        evaluate_every: Sequences from one evaluation to the next.
    """

    hidden_size: int = 32
    batch_size: int = 32
    learning_rate: float = 0.005
    max_sequences: int = 100_000
    evaluate_every: int = 3_200


class Problem(ABC):
    """A problem at one length; abstract.

    Args:
        length: How long or how far, as each problem says.

    Attributes:
        title: In words.
        length_name: What its length is.
        default_lengths: Where nobody says otherwise.
        smallest: The least length that makes sense.
        input_size: Features of the input, I.
        output_size: Features of the output, O.
        measure: The loss, and the score that is judged.
        chance: The score of the best network that remembers nothing.
        bar: The score that solves it.
        recipe: How it is trained.
        num_test: Sequences of a validation or a test.
        confirmations: Evaluations in a row that must be solved before a trial ends; more than one where a
            single sequence that fails is a failure.
    """

    title: ClassVar[str]
    length_name: ClassVar[str]
    default_lengths: ClassVar[tuple[int, ...]]
    smallest: ClassVar[int] = 1
    input_size: ClassVar[int]
    output_size: ClassVar[int]
    measure: ClassVar[Measure]
    chance: ClassVar[float]
    recipe: ClassVar[Recipe] = Recipe()
    num_test: ClassVar[int] = 512
    confirmations: ClassVar[int] = 1

    def __init__(self, length: int) -> None:
        if not isinstance(length, int) or isinstance(length, bool) or length < self.smallest:
            raise OptionError(
                f"`length` of {type(self).__name__} ({self.length_name}) must be an integer of at least "
                f"{self.smallest}, but it is {brief(length)}."
            )
        self.length = length

    @property
    @abstractmethod
    def bar(self) -> float:
        """The score that solves it."""

    @abstractmethod
    def draw(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw sequences to learn from.

        Args:
            num_sequences: How many, N.
            generator: Of random numbers; the same state gives the same sequences.
        """

    def draw_test(self, num_sequences: int, generator: np.random.Generator) -> Examples:
        """Draw sequences to be judged by; longer ones, where the problem is to go on beyond what was seen.

        Args:
            num_sequences: How many, N.
            generator: Of random numbers.
        """
        return self.draw(num_sequences, generator)

    def is_solved(self, score: float) -> bool:
        """Tell whether a score is good enough.

        Args:
            score: On the test.
        """
        return score <= self.bar if self.measure.lower_is_better else score >= self.bar


def one_hot(symbols: np.ndarray, num_symbols: int) -> np.ndarray:
    """Return symbols as vectors with a single 1; a negative one becomes zeros.

    Args:
        symbols: Of any shape.
        num_symbols: Length of a vector.
    """
    return (symbols[..., None] == np.arange(num_symbols)).astype(np.float32)


def at_end(values: np.ndarray, num_steps: int, lengths: np.ndarray | None = None) -> tuple[Tensor, Tensor]:
    """Return targets (T, N, ...) and counts (T, N) of values that are asked for at the last step alone.

    Args:
        values: One for each sequence, (N, ...).
        num_steps: T.
        lengths: Of the sequences, (N,); T without it.
    """
    target = np.zeros((num_steps, *values.shape), values.dtype)
    last = np.full(len(values), num_steps) - 1 if lengths is None else lengths - 1
    rows = np.arange(len(values))
    target[last, rows] = values
    counts = np.zeros((num_steps, len(values)), bool)
    counts[last, rows] = True
    return torch.from_numpy(target), torch.from_numpy(counts)


def equal_lengths(num_steps: int, num_sequences: int) -> Tensor:
    """Return the lengths (N,) of sequences that are all as long."""
    return torch.full((num_sequences,), num_steps)
