"""How an output is judged: the loss that is learned from, and the score that a person understands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from elman.experiments.problems.problem import Examples


class Measure(ABC):
    """A loss and a score; abstract.

    Attributes:
        name: Of the score, as figures and tables call it.
        lower_is_better: Whether a small score is a good one.
    """

    name: ClassVar[str]
    lower_is_better: ClassVar[bool] = False

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss of the outputs that count.

        Args:
            output: Of the network, before any squashing.
            target: What they should be.

        Shape:
            output: (K, O). target: (K,) or (K, O). Returns: ().
        """

    @abstractmethod
    def score(self, output: Tensor, examples: Examples) -> float:
        """Judge the outputs of a test.

        Args:
            output: Of the network, before any squashing.
            examples: What it was run on.

        Shape:
            output: (T, N, O).
        """


class SquaredError(Measure):
    """The mean of squared errors, for numbers."""

    name = "mean squared error"
    lower_is_better = True

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean squared error."""
        return functional.mse_loss(output, target)

    def score(self, output: Tensor, examples: Examples) -> float:
        """Return the mean squared error of the steps that count."""
        return self.loss(output[examples.counts], examples.target[examples.counts]).item()


class Accuracy(Measure):
    """Cross-entropy, and the share of right answers, for classes."""

    name = "accuracy"

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean cross-entropy in nats."""
        return functional.cross_entropy(output, target)

    def score(self, output: Tensor, examples: Examples) -> float:
        """Return the share of the steps that count whose likeliest class is the right one."""
        is_right = output.argmax(-1) == examples.target
        return is_right[examples.counts].double().mean().item()


class LegalSymbols(Measure):
    """Cross-entropy with the symbol that came; the share of strings all of whose steps are right.

    A step with k legal successors is right if these are the k likeliest symbols.
    """

    name = "strings predicted"

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean cross-entropy in nats."""
        return functional.cross_entropy(output, target)

    def score(self, output: Tensor, examples: Examples) -> float:
        """Return the share of strings whose every step is right."""
        legal = examples.legal
        assert legal is not None
        infinity = torch.tensor(float("inf"))
        least_legal = torch.where(legal, output, infinity).amin(-1)
        best_other = torch.where(legal, -infinity, output).amax(-1)
        return _share_of_strings(least_legal > best_other, examples)


class Reach(Measure):
    """Binary cross-entropy with the set of symbols that may come; how far a network counts.

    A step is right if exactly the legal symbols have a probability above one half.
    """

    name = "counts to n"

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean binary cross-entropy in nats."""
        return functional.binary_cross_entropy_with_logits(output, target)

    def score(self, output: Tensor, examples: Examples) -> float:
        """Return the largest n such that the first n strings, n = 1, 2, ..., are right at every step."""
        is_right = ((output > 0) == (examples.target > 0.5)).all(-1)
        accepted = (is_right | ~examples.counts).all(0)
        return float(accepted.long().cumprod(0).sum())


def _share_of_strings(is_right: Tensor, examples: Examples) -> float:
    return (is_right | ~examples.counts).all(0).double().mean().item()
