"""A small model with dropout, buffers and a running mean: everything a resumed training can get wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from elman.training import EvaluationRecord, TrainingOptions, TrainingResult, TrainingTask, train

OPTIONS = TrainingOptions(num_steps=14, evaluate_every=4, learning_rate=0.05, patience=100)


class Toy(TrainingTask):
    """A regression of the sum of three numbers.

    Args:
        validation_losses: what the validation is to find, instead of the truth.
        nan_loss_at: the step whose loss is NaN.
        infinite_gradient_at: the step whose loss is finite and whose gradient is not.
    """

    def __init__(
        self,
        *,
        validation_losses: Sequence[float] = (),
        nan_loss_at: int | None = None,
        infinite_gradient_at: int | None = None,
    ) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            # Without a bias before the normalization, whose gradient would be nothing but rounding.
            network = nn.Sequential(
                nn.Linear(3, 5, bias=False), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 1)
            )
        super().__init__(network)
        self.validation_losses = list(validation_losses)
        self.nan_loss_at, self.infinite_gradient_at = nan_loss_at, infinite_gradient_at

    def loss(self, step: int) -> Tensor:
        generator = torch.Generator().manual_seed(step)
        value = self._error(torch.randn(8, 3, generator=generator))
        if step == self.nan_loss_at:
            return value * float("nan")
        if step == self.infinite_gradient_at:
            weight = next(self.model.parameters())
            return value + (weight - weight.detach()).sqrt().sum()
        return value

    def validation_loss(self) -> float:
        if self.validation_losses:
            return self.validation_losses.pop(0)
        return self._error(torch.linspace(-1, 1, 30).reshape(10, 3)).item()

    def describe_batch(self, step: int) -> str:
        return f"windows around {step}"

    def _error(self, input: Tensor) -> Tensor:
        return (self.model(input)[:, 0] - input.sum(1)).square().mean()


def run(checkpoint: Path | None = None, options: TrainingOptions = OPTIONS, **more: Any) -> TrainingResult:
    """Train a fresh toy."""
    return train(Toy(), options, checkpoint=checkpoint, **more)


def weights(task: TrainingTask) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in task.model.state_dict().items()}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """The same names and the same bits."""
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=0)


def without_seconds(curve: Sequence[EvaluationRecord]) -> list[tuple[Any, ...]]:
    return [
        (
            one.step,
            one.loss,
            one.validation_loss,
            one.learning_rate,
            one.gradient_norm,
            one.is_best,
        )
        for one in curve
    ]
