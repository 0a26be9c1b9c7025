"""What moves while a network trains: the weights, their running mean, the best mean, the optimizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from elman.training.options import TrainingOptions


class MovingState(Protocol):
    """What a training moves, keeps the best of, writes to a checkpoint and goes back to."""

    learning_rate_factor: float
    """What the learning rate of the options is multiplied by; less than 1 after going back."""

    def tensors(self) -> dict[str, Tensor]:
        """Return everything it goes on from, by name; they move on with it."""
        ...

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned."""
        ...

    def find_non_finite(self) -> str | None:
        """Return the name of something that is no longer finite."""
        ...

    def keep_as_best(self) -> None:
        """Remember the present weights as the best so far."""
        ...

    def leave_best_weights(self) -> None:
        """End the training: the model holds the best weights and is ready to be used."""
        ...


class TrainingState:
    """The weights that move, their running mean, the best mean so far, and the optimizer.

    Args:
        model: its weights are moved in place.
        options: of the training.
    """

    def __init__(self, model: nn.Module, options: TrainingOptions) -> None:
        self.model, self.options = model, options
        self.optimizer = torch.optim.AdamW(
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
        )
        self.mean = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self.best = {name: tensor.clone() for name, tensor in self.mean.items()}
        self.learning_rate_factor = 1.0
        # A mask may hold infinities from the first; what is finite now is to stay so.
        self._watched = [name for name, tensor in self.mean.items() if bool(tensor.isfinite().all())]

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of a step, as often halved as training went back."""
        return self.options.learning_rate_at(step) * self.learning_rate_factor

    def move(self, step: int) -> None:
        """Move the weights along the gradients they hold, and their mean after them."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate_at(step)
        self.optimizer.step()
        # Early on the decay is smaller, so that the mean does not remember the initial weights.
        decay = min(self.options.averaging, step / (step + 10))
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                self.mean[name].lerp_(tensor, 1 - decay)
            else:
                self.mean[name].copy_(tensor)

    def keep_as_best(self) -> None:
        """Remember the present mean as the best weights so far."""
        for name, tensor in self.mean.items():
            self.best[name].copy_(tensor)

    @contextmanager
    def mean_weights(self) -> Iterator[None]:
        """Let the model hold the mean weights, and compute without gradients, for a validation."""
        moving = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.model.load_state_dict(self.mean)
        self.model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.model.load_state_dict(moving)
            self.model.train()

    def leave_best_weights(self) -> None:
        """End the training: the model holds the best weights and is ready to be used."""
        self.model.load_state_dict(self.best)
        self.model.eval()

    def find_non_finite(self) -> str | None:
        """Return the name of a weight, or of something that moves with it, that is no longer finite."""
        held = self.model.state_dict()
        for name in self._watched:
            if not bool(held[name].isfinite().all() & self.mean[name].isfinite().all()):
                return name
        names = [name for name, one in self.model.named_parameters() if one.requires_grad]
        for name, entry in zip(names, self._moments(), strict=False):
            if not all(bool(torch.as_tensor(value).isfinite().all()) for value in entry.values()):
                return name
        return None

    def _moments(self) -> list[Mapping[str, Tensor]]:
        stored = self.optimizer.state_dict()["state"]
        return [stored.get(index, {}) for index in range(len(self.optimizer.param_groups[0]["params"]))]

    def tensors(self) -> dict[str, Tensor]:
        """Return everything a file must hold to continue from here, by name."""
        parts = {
            "model": self.model.state_dict(),
            "mean": self.mean,
            "best": self.best,
            "optimizer": optimizer_tensors(self.optimizer),
            "learning_rate": {"factor": torch.tensor(self.learning_rate_factor, dtype=torch.float64)},
        }
        return join_parts(parts)

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from what `tensors` returned.

        Raises:
            KeyError: a tensor is missing.
            RuntimeError: a tensor has another shape than the model's.
        """
        self.model.load_state_dict(part_of(tensors, "model"))
        for part, ours in (("mean", self.mean), ("best", self.best)):
            stored = part_of(tensors, part)
            for name, tensor in ours.items():
                tensor.copy_(stored[name])
        load_optimizer(self.optimizer, part_of(tensors, "optimizer"))
        self.learning_rate_factor = float(tensors["learning_rate.factor"])


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return what an optimizer remembers, by the number of the parameter and the name."""
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, entry in optimizer.state_dict()["state"].items()
        for name, value in entry.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Let an optimizer remember what `optimizer_tensors` returned."""
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        moments.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def join_parts(parts: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the tensors of all parts, each under its part's name and its own."""
    return {f"{part}.{name}": one for part, tensors in parts.items() for name, one in tensors.items()}


def part_of(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """Return the tensors of one part, under their own names."""
    start = f"{part}."
    return {name.removeprefix(start): one for name, one in tensors.items() if name.startswith(start)}
