"""What the training loop trains; whoever has something to train writes one of these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import Tensor, nn


class TrainingTask(ABC):
    """What is trained: a model, a loss for each step, and a validation loss.

    Args:
        model: its parameters are trained in place.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    @abstractmethod
    def loss(self, step: int) -> Tensor:
        """Return the loss (a scalar) of the batch of this step; which batch depends on `step` alone."""

    def losses(self, step: int) -> Iterator[Tensor]:
        """Yield the losses of this step; the weights move along each before the next is asked for.

        One, unless a task cuts its batch along time. If one is not finite, the rest of the batch is left.
        """
        yield self.loss(step)

    @abstractmethod
    def validation_loss(self) -> float:
        """Return the loss on the validation part with the model's present weights."""

    def describe_batch(self, step: int) -> str:
        """Name the batch of a step for a person who has to find out what is wrong with it."""
        return f"batch {step}"
