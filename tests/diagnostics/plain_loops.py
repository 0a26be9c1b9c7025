"""Recurrences written out by hand, one step at a time, under torch's autograd."""

import torch
from torch import Tensor, nn

from elman import Cell


class LinearCell(Cell):
    """h_t = W h_{t-1} + x_t."""

    def __init__(self, weight: Tensor):
        super().__init__(len(weight), len(weight))
        self.weight = nn.Parameter(weight)

    def forward(self, input: Tensor, state: Tensor):
        state = state @ self.weight.T + input
        return state, state


class DelayLine(Cell):
    """The state holds the last H inputs, the newest first."""

    def __init__(self, num_places: int):
        super().__init__(1, num_places)

    def forward(self, input: Tensor, state: Tensor):
        state = torch.cat([input, state[:, :-1]], dim=1)
        return state, state


def run_gru(
    layer: nn.Module, input: Tensor, end: int, number: int = 0, reverse: bool = False
) -> list[Tensor]:
    """Run one layer and direction on one sequence (T, 1, I); return h of every step, gradients kept."""
    suffix = f"_l{number}" + ("_reverse" if reverse else "")
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w, u, b, d = (getattr(layer, name + suffix).detach() for name in names)
    hidden = input.new_zeros(1, len(w) // 3)
    states: list[Tensor] = [hidden] * end
    for t in reversed(range(end)) if reverse else range(end):
        wr, wz, wn = (input[t] @ w.T + b).chunk(3, dim=1)
        ur, uz, un = (hidden @ u.T + d).chunk(3, dim=1)
        reset, update = torch.sigmoid(wr + ur), torch.sigmoid(wz + uz)
        hidden = (1 - update) * torch.tanh(wn + reset * un) + update * hidden
        hidden.requires_grad_()
        hidden.retain_grad()
        states[t] = hidden
    return states


def gradient_norms(states: list[Tensor]) -> list[float]:
    return [0.0 if h.grad is None else float(h.grad.norm()) for h in states]
