"""The optimizer: Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import torch
from torch import Tensor, nn

_BETAS, _EPSILON = (0.9, 0.999), 1e-8


class AdamW:
    """Adam with decoupled weight decay; the same bits as `torch.optim.AdamW` on a CPU.

    It stands here because torch's loads a compiler first, which takes a second and makes a folder
    among the temporary files of the machine; a run writes only to its own.

    Equations:
        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        w = w - rate decay w - rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon)

    Args:
        parameters: by name; those without a gradient stay as they are.
        weight_decay: the share of a weight that a step takes away, in units of the learning rate.

    Reference:
        Loshchilov, Hutter (2019). Decoupled weight decay regularization. ICLR.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], weight_decay: float) -> None:
        self._parameters = {name: one for name, one in parameters.items() if one.requires_grad}
        self._weight_decay = weight_decay
        self._counts = {name: torch.tensor(0) for name in self._parameters}
        self._means = {name: torch.zeros_like(one) for name, one in self._parameters.items()}
        self._squares = {name: torch.zeros_like(one) for name, one in self._parameters.items()}

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move the parameters along the gradients they hold."""
        beta1, beta2 = _BETAS
        for name, parameter in self._parameters.items():
            gradient = parameter.grad
            if gradient is None:
                continue
            mean, square = self._means[name], self._squares[name]
            self._counts[name] += 1
            count = int(self._counts[name])
            parameter.mul_(1 - learning_rate * self._weight_decay)
            mean.lerp_(gradient, 1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            spread = (square.sqrt() / sqrt(1 - beta2**count)).add_(_EPSILON)
            parameter.addcdiv_(mean, spread, value=-learning_rate / (1 - beta1**count))

    def tensors(self) -> dict[str, Tensor]:
        """Return everything a file must hold to go on from here, by name."""
        parts = {"count": self._counts, "mean": self._means, "square": self._squares}
        return {f"{part}.{name}": one for part, tensors in parts.items() for name, one in tensors.items()}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned.

        Raises:
            KeyError: a tensor is missing.
        """
        for name, ours in self.tensors().items():
            ours.copy_(tensors[name])
