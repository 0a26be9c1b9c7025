"""Cells as users write them, in several styles; recorders and backends are tested on this list.

The style is in the name: `Linear` is one product cut into gates, `Gates` one product a gate, `Cat` one
product of input and state side by side.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from elman.cells import Cell, Gate


class TwoStates(Cell):
    """A cell whose state is a tuple of two."""

    def initial_state(self, batch_size: int) -> Any:
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)


class ElmanGates(Cell):
    def __init__(self, i: int, h: int, activation: Callable[[Tensor], Tensor] = torch.tanh):
        super().__init__(i, h)
        self.gate = Gate(i, h)
        self.activation = activation

    def forward(self, input, state):
        state = self.activation(self.gate(input, state))
        return state, state


class ElmanLinear(Cell):
    def __init__(self, i: int, h: int, activation: Callable[[Tensor], Tensor] = torch.tanh):
        super().__init__(i, h)
        self.w = nn.Linear(i, h)
        self.u = nn.Linear(h, h, bias=False)
        self.activation = activation

    def forward(self, input, state):
        hidden = self.activation(self.w(input) + self.u(state))
        return hidden, hidden


class ElmanCat(Cell):
    def __init__(self, i: int, h: int, activation: Callable[[Tensor], Tensor] = torch.tanh):
        super().__init__(i, h)
        self.w = nn.Linear(i + h, h)
        self.activation = activation

    def forward(self, input, state):
        hidden = self.activation(self.w(torch.cat([input, state], dim=1)))
        return hidden, hidden


class LSTMLinear(TwoStates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i, 4 * h)
        self.u = nn.Linear(h, 4 * h)

    def forward(self, input, state):
        h, c = state
        i, f, g, o = (self.w(input) + self.u(h)).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, (h, c)


class LSTMGates(TwoStates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.gates = nn.ModuleList(Gate(i, h) for _ in range(4))

    def forward(self, input, state):
        (h, c), (write, keep, new, read) = state, self.gates
        c = torch.sigmoid(keep(input, h)) * c + torch.sigmoid(write(input, h)) * torch.tanh(new(input, h))
        h = torch.sigmoid(read(input, h)) * torch.tanh(c)
        return h, (h, c)


class LSTMCat(TwoStates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i + h, 4 * h)

    def forward(self, input, state):
        h, c = state
        gates = self.w(torch.cat((input, h), -1)).unflatten(-1, (4, self.hidden_size))
        i, f, o = torch.sigmoid(gates[:, :3]).unbind(1)
        c = f * c + i * torch.tanh(gates[:, 3])
        h = o * torch.tanh(c)
        return h, (h, c)


class PeepholeLinear(TwoStates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i, 4 * h)
        self.u = nn.Linear(h, 4 * h, bias=False)
        self.peep = nn.Parameter(torch.randn(3, h))

    def forward(self, input, state):
        h, c = state
        i, f, g, o = torch.split(self.w(input) + self.u(h), self.hidden_size, dim=-1)
        i, f = torch.sigmoid(i + self.peep[0] * c), torch.sigmoid(f + self.peep[1] * c)
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(o + self.peep[2] * c) * torch.tanh(c)
        return h, (h, c)


class PeepholeGates(TwoStates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.gates = nn.ModuleDict({name: Gate(i, h) for name in "ifgo"})
        self.peep = nn.ParameterDict({name: nn.Parameter(torch.randn(h)) for name in "ifo"})

    def forward(self, input, state):
        h, c = state
        a = {name: gate(input, h) for name, gate in self.gates.items()}
        c = (a["f"] + self.peep["f"] * c).sigmoid() * c + (a["i"] + self.peep["i"] * c).sigmoid() * a[
            "g"
        ].tanh()
        h = (a["o"] + self.peep["o"] * c).sigmoid() * c.tanh()
        return h, (h, c)


class CoupledLinear(TwoStates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i, 3 * h)
        self.u = nn.Linear(h, 3 * h, bias=False)

    def forward(self, input, state):
        h, c = state
        f, g, o = torch.tensor_split(self.w(input) + self.u(h), 3, dim=1)
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


class CoupledCat(TwoStates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i + h, 3 * h)

    def forward(self, input, state):
        h, c = state
        z, size = self.w(torch.cat([input, h], dim=-1)), self.hidden_size
        f = torch.sigmoid(z[..., :size])
        c = f * c + (1.0 - f) * torch.tanh(z[..., size : 2 * size])
        h = torch.sigmoid(z[..., -size:]) * torch.tanh(c)
        return h, (h, c)


class ProjectionLinear(Cell):
    """Two states of different widths."""

    def __init__(self, i: int, h: int, projection: int = 3):
        super().__init__(i, h)
        self.output_size = projection
        self.w = nn.Linear(i, 4 * h)
        self.u = nn.Linear(projection, 4 * h, bias=False)
        self.p = nn.Linear(h, projection, bias=False)

    def initial_state(self, batch_size: int) -> Any:
        return self.zeros(batch_size, self.output_size), self.zeros(batch_size, self.hidden_size)

    def forward(self, input, state):
        r, c = state
        i, f, g, o = (self.w(input) + self.u(r)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        r = self.p(torch.sigmoid(o) * torch.tanh(c))
        return r, (r, c)


class ProjectionCat(ProjectionLinear):
    def __init__(self, i: int, h: int, projection: int = 3):
        super().__init__(i, h, projection)
        self.all = nn.Linear(i + projection, 4 * h)

    def forward(self, input, state):
        r, c = state
        i, f, g, o = self.all(torch.cat([input, r], 1)).view(-1, 4, self.hidden_size).unbind(dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        r = (torch.sigmoid(o) * torch.tanh(c)) @ self.p.weight.T
        return r, (r, c)


class GRUAfterLinear(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i, 3 * h)
        self.u = nn.Linear(h, 3 * h)

    def forward(self, input, state):
        (xr, xz, xn), (hr, hz, hn) = self.w(input).chunk(3, -1), self.u(state).chunk(3, -1)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        h = (1 - z) * torch.tanh(xn + r * hn) + z * state
        return h, h


class GRUAfterGates(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.r, self.z = Gate(i, h), Gate(i, h)
        self.wn, self.un = nn.Linear(i, h), nn.Linear(h, h)

    def forward(self, input, state):
        r, z = self.r(input, state).sigmoid(), self.z(input, state).sigmoid()
        n = (self.wn(input) + r * self.un(state)).tanh()
        h = torch.lerp(n, state, z)
        return h, h


class GRUBeforeGates(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.r, self.z, self.n = (Gate(i, h) for _ in range(3))

    def forward(self, input, state):
        r, z = torch.sigmoid(self.r(input, state)), torch.sigmoid(self.z(input, state))
        h = z * state + (1 - z) * torch.tanh(self.n(input, r * state))
        return h, h


class GRUBeforeCat(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.gates = nn.Linear(i + h, 2 * h)
        self.n = nn.Linear(i + h, h)

    def forward(self, input, state):
        r, z = torch.sigmoid(self.gates(torch.cat([input, state], -1))).chunk(2, -1)
        h = z * state + (1 - z) * torch.tanh(self.n(torch.cat([input, r * state], -1)))
        return h, h


class MinimalGates(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.forget, self.candidate = Gate(i, h), Gate(i, h)

    def forward(self, input, state):
        forget = torch.sigmoid(self.forget(input, state))
        candidate = torch.tanh(self.candidate(input, forget * state))
        state = (1 - forget) * state + forget * candidate
        return state, state


class MinimalCat(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.forget, self.candidate = nn.Linear(i + h, h), nn.Linear(i + h, h)

    def forward(self, input, state):
        f = self.forget(torch.hstack([input, state])).sigmoid()
        h = state - f * state + f * self.candidate(torch.hstack([input, f * state])).tanh()
        return h, h


class LayerNormGRULinear(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w, self.u = nn.Linear(i, 3 * h), nn.Linear(h, 3 * h, bias=False)
        self.norm_x, self.norm_h = nn.LayerNorm(3 * h), nn.LayerNorm(3 * h)

    def forward(self, input, state):
        xr, xz, xn = self.norm_x(self.w(input)).chunk(3, -1)
        hr, hz, hn = self.norm_h(self.u(state)).chunk(3, -1)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        h = (1 - z) * torch.tanh(xn + r * hn) + z * state
        return h, h


class LayerNormGRUGates(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.gates = nn.ModuleList(Gate(i, h) for _ in range(3))
        self.norms = nn.ModuleList([nn.LayerNorm(h), nn.RMSNorm(h), nn.GroupNorm(1, h)])

    def forward(self, input, state):
        r, z = (torch.sigmoid(self.norms[k](self.gates[k](input, state))) for k in range(2))
        h = (1 - z) * torch.tanh(self.norms[2](self.gates[2](input, r * state))) + z * state
        return h, h


class FastGRNNLinear(Cell):
    """One matrix for gate and candidate."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w, self.u = nn.Linear(i, h, bias=False), nn.Linear(h, h, bias=False)
        self.bias = nn.Parameter(torch.randn(2, h))
        self.zeta, self.nu = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(-4.0))

    def forward(self, input, state):
        shared = self.w(input) + self.u(state)
        gate, candidate = torch.sigmoid(shared + self.bias[0]), torch.tanh(shared + self.bias[1])
        h = (torch.sigmoid(self.zeta) * (1 - gate) + torch.sigmoid(self.nu)) * candidate + gate * state
        return h, h


class FastGRNNCat(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i + h, h, bias=False)
        self.bias = nn.Parameter(torch.randn(2, 1, h))
        self.scales = nn.Parameter(torch.tensor([1.0, -4.0]))

    def forward(self, input, state):
        gate_bias, bias = self.bias
        zeta, nu = self.scales.sigmoid().unbind()
        shared = self.w(torch.cat([input, state], dim=-1))
        gate = torch.sigmoid(shared + gate_bias)
        h = (zeta * (1 - gate) + nu) * torch.tanh(shared + bias) + gate * state
        return h, h


class HighwayGates(Cell):
    """A recurrent highway of depth 3."""

    def __init__(self, i: int, h: int, depth: int = 3):
        super().__init__(i, h)
        self.w = nn.Linear(i, 2 * h, bias=False)
        self.steps = nn.ModuleList(nn.Linear(h, 2 * h) for _ in range(depth))

    def forward(self, input, state):
        for depth, step in enumerate(self.steps):
            candidate, carry = (step(state) + (self.w(input) if depth == 0 else 0)).chunk(2, dim=-1)
            t = torch.sigmoid(carry)
            state = torch.tanh(candidate) * t + state * (1 - t)
        return state, state


class HighwayCat(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.first = nn.Linear(i + h, 2 * h)
        self.rest = nn.ModuleList(nn.Linear(h, 2 * h) for _ in range(2))

    def forward(self, input, state):
        s, products = state, [self.first, *self.rest]
        for k, product in enumerate(products):
            h, t = product(torch.cat([input, s], -1) if k == 0 else s).split(self.hidden_size, -1)
            t = t.sigmoid()
            s = h.tanh() * t + s * (1 - t)
        return s, s


class SLSTMLinear(Cell):
    """Exponential gates, with a normaliser and a stabiliser; four states."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w, self.u = nn.Linear(i, 4 * h), nn.Linear(h, 4 * h, bias=False)

    def initial_state(self, batch_size: int) -> Any:
        return tuple(self.zeros(batch_size, self.hidden_size) for _ in range(4))

    def forward(self, input, state) -> tuple[Tensor, Any]:
        h, c, n, m = state
        i, f, z, o = (self.w(input) + self.u(h)).chunk(4, -1)
        log_f = F.logsigmoid(f)
        new_m = torch.maximum(log_f + m, i)
        i, f = torch.exp(i - new_m), torch.exp(log_f + m - new_m)
        c, n = f * c + i * torch.tanh(z), f * n + i
        h = torch.sigmoid(o) * c / n.clamp(min=1e-6)
        return h, (h, c, n, new_m)


class SLSTMHeads(SLSTMLinear):
    """The recurrent product is block-diagonal: one block a head."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.heads = h if h % 2 else 2
        size = h // self.heads
        self.blocks = nn.Parameter(torch.randn(4, self.heads, size, size) / size)

    def initial_state(self, batch_size: int) -> Any:
        h, c, n, m = super().initial_state(batch_size)
        return h, (c, n, m)

    def forward(self, input, state):
        h, (c, n, m) = state
        heads = h.view(len(h), self.heads, -1)
        i, f, z, o = (
            torch.einsum("nhk,hmk->nhm", heads, block).flatten(1) + x
            for block, x in zip(self.blocks, self.w(input).chunk(4, -1), strict=True)
        )
        new_m = torch.max(f + m, i)
        i, f = (i - new_m).exp(), (f + m - new_m).exp()
        c, n = f * c + i * z.tanh(), f * n + i
        h = o.sigmoid() * c / (n + 1e-6)
        return h, (h, (c, n, new_m))


class IndRNNLinear(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i, h)
        self.u = nn.Parameter(torch.randn(h))

    def forward(self, input, state):
        h = torch.relu(self.w(input) + self.u * state)
        return h, h


class IndRNNMatmul(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Parameter(torch.randn(i, h))
        self.u = nn.Parameter(torch.randn(1, h))
        self.b = nn.Parameter(torch.randn(h))

    def forward(self, input, state):
        h = F.relu(input @ self.w + state * self.u + self.b)
        return h, h


class MinGRULinear(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i, 2 * h)

    def forward(self, input, state):
        z, candidate = self.w(input).chunk(2, -1)
        z = z.sigmoid()
        h = (1 - z) * state + z * candidate
        return h, h


class MinGRUGates(Cell):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.z, self.candidate = nn.Linear(i, h), nn.Linear(i, h)

    def forward(self, input, state):
        z, g = torch.sigmoid(self.z(input)), self.candidate(input)
        h = (1 - z) * state + z * torch.where(g >= 0, g + 0.5, torch.sigmoid(g))
        return h, h


class LRUGates(TwoStates):
    """A diagonal complex recurrence, written as two real states."""

    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.nu, self.theta = nn.Parameter(torch.rand(h)), nn.Parameter(torch.rand(h))
        self.b_real, self.b_imag = nn.Linear(i, h, bias=False), nn.Linear(i, h, bias=False)

    def forward(self, input, state):
        radius = torch.exp(-torch.exp(self.nu))
        a, b = radius * torch.cos(self.theta), radius * torch.sin(self.theta)
        scale = torch.sqrt(1 - radius**2)
        real, imag = state
        real, imag = (
            a * real - b * imag + scale * self.b_real(input),
            a * imag + b * real + scale * self.b_imag(input),
        )
        return real, (real, imag)


class LRULinear(LRUGates):
    def __init__(self, i: int, h: int):
        super().__init__(i, h)
        self.w = nn.Linear(i, 2 * h, bias=False)

    def forward(self, input, state):
        radius = torch.exp(-F.softplus(self.nu))
        a, b = radius * self.theta.cos(), radius * self.theta.sin()
        x, y = self.w(input).chunk(2, -1)
        real, *rest = state
        assert len(state) == 2
        assert isinstance(state, tuple)
        (imag,) = rest
        real, imag = a * real - b * imag + x, a * imag + b * real + y
        return real, (real, imag)


def relu(hidden: Tensor) -> Tensor:
    return F.relu(hidden)


USER_CELLS: dict[str, Callable[[int, int], Cell]] = {
    **{
        f"{style.__name__}-{name}": lambda i, h, style=style, function=function: style(i, h, function)
        for style in (ElmanGates, ElmanLinear, ElmanCat)
        for name, function in {"tanh": torch.tanh, "relu": relu, "sigmoid": torch.sigmoid}.items()
    },
    **{
        style.__name__: style
        for style in (
            *(LSTMLinear, LSTMGates, LSTMCat, PeepholeLinear, PeepholeGates, CoupledLinear, CoupledCat),
            *(ProjectionLinear, ProjectionCat, GRUAfterLinear, GRUAfterGates, GRUBeforeGates, GRUBeforeCat),
            *(MinimalGates, MinimalCat, LayerNormGRULinear, LayerNormGRUGates, FastGRNNLinear, FastGRNNCat),
            *(HighwayGates, HighwayCat, SLSTMLinear, SLSTMHeads, IndRNNLinear, IndRNNMatmul),
            *(MinGRULinear, MinGRUGates, LRUGates, LRULinear),
        )
    },
}
