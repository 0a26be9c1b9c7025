"""Four cells, each in the styles in which its products can be written, and what two graphs have in common."""

from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import Cell, Gate
from elman.ir import StepGraph


class Affine(nn.Module):
    """W x + U h + b, for several gates, in one of three styles."""

    def __init__(self, style: str, i: int, h: int, count: int):
        super().__init__()
        self.style, self.count = style, count
        if style == "gates":
            self.gates = nn.ModuleList(Gate(i, h) for _ in range(count))
        elif style == "linear":
            self.w, self.u = nn.Linear(i, count * h), nn.Linear(h, count * h, bias=False)
        else:
            self.w = nn.Linear(i + h, count * h)

    def forward(self, input: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        if self.style == "gates":
            return tuple(gate(input, hidden) for gate in self.gates)
        if self.style == "linear":
            return (self.w(input) + self.u(hidden)).chunk(self.count, -1)
        joined = self.w(torch.cat([input, hidden], -1))
        if self.style == "reshaped":
            return joined.unflatten(-1, (self.count, -1)).unbind(1)
        return joined.tensor_split(self.count, 1)


class Elman(Cell):
    def __init__(self, style: str, i: int, h: int):
        super().__init__(i, h)
        self.affine = Affine(style, i, h, 1)

    def forward(self, input, state):
        state = torch.tanh(self.affine(input, state)[0])
        return state, state


class LSTM(Cell):
    def __init__(self, style: str, i: int, h: int):
        super().__init__(i, h)
        self.affine = Affine(style, i, h, 4)

    def initial_state(self, batch_size: int) -> Any:
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def forward(self, input, state):
        h, c = state
        i, f, g, o = self.affine(input, h)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, (h, c)


class GRUAfter(Cell):
    """The reset gate after the product, which therefore cannot be one with that of the input."""

    def __init__(self, style: str, i: int, h: int):
        super().__init__(i, h)
        self.is_one = style == "linear"
        sizes = (3 * h,) if self.is_one else (h,) * 3
        self.w, self.u = (nn.ModuleList(nn.Linear(k, size) for size in sizes) for k in (i, h))

    def products(self, vector: Tensor, maps: nn.ModuleList) -> Any:
        return maps[0](vector).chunk(3, -1) if self.is_one else [each(vector) for each in maps]

    def forward(self, input, state):
        (xr, xz, xn), (hr, hz, hn) = self.products(input, self.w), self.products(state, self.u)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        h = (1 - z) * torch.tanh(xn + r * hn) + z * state
        return h, h


class MinimalGated(Cell):
    def __init__(self, style: str, i: int, h: int):
        super().__init__(i, h)
        self.gate, self.candidate = Affine(style, i, h, 1), Affine(style, i, h, 1)

    def forward(self, input, state):
        (f,) = self.gate(input, state)
        f = f.sigmoid()
        (candidate,) = self.candidate(input, f * state)
        state = (1 - f) * state + f * candidate.tanh()
        return state, state


STYLES = {
    Elman: ("linear", "gates", "cat", "reshaped"),
    LSTM: ("linear", "gates", "cat", "reshaped"),
    GRUAfter: ("linear", "gates"),
    MinimalGated: ("linear", "gates", "cat"),
}


def form(graph: StepGraph) -> tuple[str, ...]:
    """The results, but for names and ranges of parameters, the order of sums, and where a bias is."""
    return tuple(_form(graph, value) for value in (graph.output, *graph.new_states))


def _form(graph: StepGraph, value: int) -> str:
    if not graph.type_of(value).per_row and not _is_constant(graph, value):
        return f"parameter{graph.type_of(value).shape}"
    if value < len(graph.arguments):
        return graph.arguments[value].name
    node = graph.nodes[value - len(graph.arguments)]
    if node.op in ("add", "linear"):
        return f"sum({', '.join(sorted(_terms(graph, value)))})"
    operands = [_form(graph, operand) for operand in node.operands]
    return (
        f"{node.op}{dict(node.attributes)}({', '.join(sorted(operands) if node.op == 'mul' else operands)})"
    )


def _terms(graph: StepGraph, value: int) -> list[str]:
    node = graph.nodes[value - len(graph.arguments)] if value >= len(graph.arguments) else None
    if node is None or node.op not in ("add", "linear"):
        return [_form(graph, value)]
    if node.op == "add":
        return [term for operand in node.operands for term in _terms(graph, operand)]
    vector, weight, *bias = (_form(graph, operand) for operand in node.operands)
    return [f"linear({vector}, {weight})", *bias]


def _is_constant(graph: StepGraph, value: int) -> bool:
    return value >= len(graph.arguments) and graph.nodes[value - len(graph.arguments)].op == "constant"
