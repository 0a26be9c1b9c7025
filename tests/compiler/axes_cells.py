"""Cells drawn by a seed, over features of two axes: reductions, views, joins and products in any order."""

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import Cell

INPUT_SIZE = 3
SHAPES = [(2, 3), (3, 4), (1, 4), (4, 2), (2, 2)]
Op = Callable[["AxesCell", Tensor, Tensor], Tensor]

# Two values (N, A, B) -> one.
OPS: dict[str, Op] = {
    "add": lambda c, a, b: a + b,
    "mul": lambda c, a, b: torch.tanh(a) * b,
    "sub": lambda c, a, b: a - 0.5 * b,
    "sigmoid": lambda c, a, b: torch.sigmoid(a),
    "exp": lambda c, a, b: torch.exp(-a.abs()),
    "where": lambda c, a, b: torch.where(a > 0.1, a, b),
    "compare": lambda c, a, b: (a > b).to(a.dtype) * 0.5 + a,
    "weight on the left": lambda c, a, b: (a.flatten(1) @ c.square.T).unflatten(1, c.axes),
    "weight on the right": lambda c, a, b: (a.flatten(1) @ c.square).unflatten(1, c.axes),
    "weight of a row": lambda c, a, b: (a[:, 0] @ c.small.T)[:, None] + b,
    "heads": lambda c, a, b: torch.einsum("nhk,hmk->nhm", a, c.heads),
    "sum over rows": lambda c, a, b: a.sum(1, keepdim=True) * b,
    "sum over columns": lambda c, a, b: b - a.sum(2, keepdim=True),
    "largest of rows": lambda c, a, b: b - a.amax(1, keepdim=True),
    "mean": lambda c, a, b: b * a.mean((1, 2))[:, None, None],
    "softmax of rows": lambda c, a, b: a.softmax(1),
    "softmax of columns": lambda c, a, b: a.softmax(-1) * b,
    "norm": lambda c, a, b: nn.functional.layer_norm(a, c.axes) + b,
    "transpose": lambda c, a, b: a.transpose(1, 2).reshape(a.shape),
    "first row": lambda c, a, b: a[:, :1] + b,
    "last column": lambda c, a, b: a[:, :, -1:] * b,
    "shift rows": lambda c, a, b: torch.cat([b[:, :1], a[:, :-1]], 1) if c.axes[0] > 1 else a - b,
    "shift columns": lambda c, a, b: torch.cat([a[:, :, 1:], b[:, :, :1]], 2),
    "outer product": lambda c, a, b: a[:, :, :1] * b[:, :1, :],
    "repeat": lambda c, a, b: a[:, :, None].expand(-1, -1, 2, -1).sum(2) - b,
    "bias": lambda c, a, b: a + c.bias,
    "row of a bias": lambda c, a, b: a * c.bias[0] + c.bias[:1],
    "column": lambda c, a, b: a * c.bias[:, :1],
    "number": lambda c, a, b: a * c.number,
}


class AxesCell(Cell):
    """Two states, (N, A, B) and (N, A B), and a few ops between them; all drawn by a seed."""

    def __init__(self, seed: int):
        draw = random.Random(seed)
        self_axes = draw.choice(SHAPES)
        size = self_axes[0] * self_axes[1]
        super().__init__(INPUT_SIZE, size)
        self.axes, self.output_size = self_axes, size
        self.enter = nn.Parameter(0.4 * torch.randn(size, INPUT_SIZE))
        self.square = nn.Parameter(0.3 * torch.randn(size, size))
        self.small = nn.Parameter(0.4 * torch.randn(self_axes[1], self_axes[1]))
        self.heads = nn.Parameter(0.4 * torch.randn(self_axes[0], self_axes[1], self_axes[1]))
        self.bias = nn.Parameter(0.3 * torch.randn(self_axes))
        self.number = nn.Parameter(torch.randn(()))
        names = draw.choices([*OPS], k=draw.randint(2, 7))
        self.lines = tuple(
            (name, draw.randrange(place + 3), draw.randrange(place + 3)) for place, name in enumerate(names)
        )
        self.results = tuple(draw.randrange(len(names) + 3) for _ in range(3))

    def initial_state(self, batch_size: int) -> Any:
        return self.zeros(batch_size, *self.axes), self.zeros(batch_size, self.hidden_size)

    def forward(self, input, state):
        table, row = state
        values = [(input @ self.enter.T).unflatten(1, self.axes), table, row.unflatten(1, self.axes)]
        for name, left, right in self.lines:
            values.append(OPS[name](self, values[left], values[right]))
        output, new_table, new_row = (values[number] for number in self.results)
        return output.flatten(1), (torch.tanh(new_table), 0.8 * new_row.flatten(1))
