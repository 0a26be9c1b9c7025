"""Cells that hypothesis writes: a few random lines over the input and one or two states.

Recorders and backends are tested on them. A cell is described by its `Plan`, which prints as its equation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from elman.cells import Cell

INPUT_SIZE = 3

# Each keeps the width H. What could overflow or divide by zero is kept away from it.
UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "silu": nn.functional.silu,
    "gelu": nn.functional.gelu,
    "softplus": nn.functional.softplus,
    "elu": nn.functional.elu,
    "square": lambda a: torch.tanh(a) ** 2,
    "exp": lambda a: (-a.abs()).exp(),
    "log1p": lambda a: torch.log1p(a * a),
    "sqrt": lambda a: torch.sqrt(a * a + 0.5),
    "reciprocal": lambda a: 1 / (1 + a.abs()),
    "sin": torch.sin,
    "erf": torch.erf,
    "clamp": lambda a: a.clamp(-0.7, 0.9),
    "softmax": lambda a: a.softmax(-1),
    "centre": lambda a: a - a.mean(-1, keepdim=True),
    "largest": lambda a: a - a.amax(-1, keepdim=True),
    "swap": lambda a: torch.cat([a[:, 1:], a[:, :1]], dim=-1),
    "halves": lambda a: torch.cat(a.tensor_split(2, dim=1)[::-1], 1),
    "scale": lambda a: 0.5 * a - 0.25,
}
BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: torch.tanh(a) * b,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "div": lambda a, b: a / (1 + b * b),
    "where": lambda a, b: torch.where(a > b, a, 0.5 * b),
    "gate": lambda a, b: torch.sigmoid(a) * b + (1 - torch.sigmoid(a)) * a,
    "lerp": lambda a, b: torch.lerp(a, b, 0.25),
}
WITH_WEIGHT = ("linear", "cat", "product", "vector", "norm")
OPS = (*UNARY, *BINARY, *WITH_WEIGHT)


@dataclass(frozen=True)
class Plan:
    """What a random cell computes: value k is the input's projection, a state, or a line's result."""

    hidden_size: int
    num_states: int
    lines: tuple[tuple[str, int, int], ...]
    results: tuple[int, ...]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of 1 to 8 lines; the output and each new state are any of their values."""
    num_states = draw(st.integers(1, 2))
    count = 1 + num_states
    lines = []
    for _ in range(draw(st.integers(1, 8))):
        lines.append((draw(st.sampled_from(OPS)), *draw(st.tuples(*[st.integers(0, count - 1)] * 2))))
        count += 1
    results = draw(st.tuples(*[st.integers(0, count - 1)] * (1 + num_states)))
    return Plan(draw(st.integers(2, 6)), num_states, tuple(lines), results)


class RandomCell(Cell):
    """The cell of a plan; its weights come from torch's seed."""

    def __init__(self, plan: Plan):
        size = plan.hidden_size
        super().__init__(INPUT_SIZE, size)
        self.plan = plan
        self.start = nn.Linear(INPUT_SIZE, size)
        self.linear, self.cat = nn.Linear(size, size), nn.Linear(size + INPUT_SIZE, size, bias=False)
        self.product, self.vector = (
            nn.Parameter(torch.randn(size, size) / size),
            nn.Parameter(torch.randn(size)),
        )
        self.norm = nn.LayerNorm(size)

    def initial_state(self, batch_size: int) -> Any:
        return tuple(self.zeros(batch_size, self.hidden_size) for _ in range(self.plan.num_states))

    def forward(self, input, state):
        values = [self.start(input), *state]
        for op, first, second in self.plan.lines:
            values.append(self.line(op, values[first], values[second], input))
        output, *new_states = (values[number] for number in self.plan.results)
        return output, tuple(new_states)

    def line(self, op: str, a: Tensor, b: Tensor, input: Tensor) -> Tensor:
        if op in UNARY:
            return UNARY[op](a)
        if op in BINARY:
            return BINARY[op](a, b)
        with_weight = {
            "linear": lambda: self.linear(a),
            "cat": lambda: self.cat(torch.cat([a, input], dim=1)),
            "product": lambda: a @ self.product,
            "vector": lambda: a * self.vector,
            "norm": lambda: self.norm(a),
        }
        return with_weight[op]()
