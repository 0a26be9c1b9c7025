"""Cells whose recording depends on more than their shapes."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils.parametrizations import weight_norm

from elman.cells import Cell, Gate


class Attributes(Cell):
    """Reads plain attributes, a function, and whether it is trained."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.gate = Gate(i, h)
        self.activation = torch.tanh
        self.scale = 0.5
        self.sizes = (1, 2)

    def forward(self, input, state):
        hidden = self.scale * self.activation(self.gate(input, state))
        return (hidden * 2 if self.training else hidden) * self.sizes[0], hidden


class Masked(Cell):
    """Drops the same units at every step."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.gate = Gate(i, h)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        return {"mask": torch.bernoulli(torch.full((batch_size, self.hidden_size), 0.5))}

    def forward(self, input, state, mask):  # pyright: ignore[reportIncompatibleMethodOverride]
        hidden = torch.tanh(self.gate(input, state)) * mask
        return hidden, hidden


class Tied(Cell):
    """Computes its weights from parameters."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = weight_norm(nn.Linear(i, h))
        self.decay = nn.Parameter(torch.randn(h))

    def forward(self, input, state):
        hidden = torch.tanh(self.w(input) + torch.exp(-softplus(self.decay)) * state)
        return hidden, hidden


class Rows(Cell):
    """Calls what the compiler does not know."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.gate = Gate(i, h)

    def forward(self, input, state):
        hidden = torch.tanh(self.gate(input, state)).cumprod(1)
        return hidden, hidden
