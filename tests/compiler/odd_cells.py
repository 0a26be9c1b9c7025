"""Small cells of odd forms, one thing each; compilers stumble over what nobody writes on purpose."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

import elman
from elman.cells import Cell

WIDTH = 4
Shape = tuple[int, ...]
Equation = Callable[..., tuple[Tensor, Any]]


class OddCell(Cell):
    """A cell of one equation over input (N, 3), some states, and some weights by name."""

    def __init__(self, equation: Equation, states: tuple[Shape, ...], weights: dict[str, Shape]):
        super().__init__(3, WIDTH)
        self.equation, self.states = equation, states
        self.w = nn.ParameterDict({name: nn.Parameter(0.4 * torch.randn(s)) for name, s in weights.items()})
        output, _ = self(torch.zeros(2, 3), self.initial_state(2))
        self.output_size = output[0].numel()

    def initial_state(self, batch_size: int) -> Any:
        return tuple(self.zeros(batch_size, *shape) for shape in self.states)

    def forward(self, input, state):
        return self.equation(self.w, input, *state)


ODD_CELLS: dict[str, Callable[[], OddCell]] = {}
H, M, X = (WIDTH,), (2, 3), (3,)


def odd(*states: Shape, **weights: Shape) -> Callable[[Equation], Equation]:
    """Enter an equation."""

    def enter(equation: Equation) -> Equation:
        ODD_CELLS[equation.__name__] = lambda: OddCell(equation, states, weights)
        return equation

    return enter


# Delay lines, and states that only move.


@odd(H)
def delay_line(w, x, s):
    return s[:, -1:], (torch.cat([x[:, :1], s[:, :-1]], 1),)


@odd(H)
def delay_line_with_output_of_state(w, x, s):
    s = torch.cat([x[:, :1], s[:, :-1]], 1)
    return s, (s,)


@odd((5, 3), w=(2, 15))
def delay_line_of_inputs(w, x, s):
    s = torch.cat([x[:, None], s[:, :-1]], 1)
    return s.flatten(1) @ w["w"].T, (s,)


@odd(H, H)
def swapped(w, x, a, b):
    return a, (b, a)


@odd(H, H, H, w=(4, 3))
def rotated(w, x, a, b, c):
    return a + b, (b * 0.5, c, x @ w["w"].T + a)


@odd(H, H, w=(4, 3), u=(4, 4))
def unchanged(w, x, h, c):
    h = torch.tanh(x @ w["w"].T + h @ w["u"].T + c)
    return h, (h, c)


@odd(H, H, w=(4, 3))
def same_twice(w, x, a, b):
    h = torch.tanh(x @ w["w"].T + a - 0.5 * b)
    return h, (h, h)


@odd(X)
def output_is_input(w, x, s):
    return x, (torch.tanh(s + x),)


@odd(X)
def state_is_input(w, x, s):
    return s * x, (x,)


@odd(X)
def all_is_input(w, x, s):
    return x, (x,)


@odd(H)
def output_is_old_state(w, x, s):
    return s, (torch.tanh(s + x[:, :1]),)


@odd(H)
def nothing_happens(w, x, s):
    return s, (s,)


@odd(H)
def in_other_order(w, x, s):
    s = s[:, [3, 2, 1, 0]] + x.sum(1, keepdim=True)
    return s, (s,)


@odd(H)
def rolled(w, x, s):
    left, right = torch.cat([s[:, 1:], s[:, :1]], 1), torch.cat([s[:, -1:], s[:, :-1]], 1)
    return right, (left + x[:, 1:2],)


# Results that are constants, parts, or parameters.


@odd(H)
def state_of_zeros(w, x, s):
    return s + x[:, :1], (torch.zeros_like(s),)


@odd(H, b=(4,))
def state_is_parameter(w, x, s):
    return s * x[:, :1], (w["b"].expand(len(x), -1),)


@odd(H, b=(4,))
def output_is_parameter(w, x, s):
    return w["b"].expand(len(x), -1), (torch.tanh(s + x[:, :1]),)


@odd(H)
def output_of_ones(w, x, s):
    return torch.ones_like(x), (s + x[:, :1],)


@odd((8,), w=(12, 8))
def parts_of_a_product(w, x, s):
    z = s @ w["w"].T + x[:, :1]
    return z[:, ::3], (z[:, 4:].tanh(),)


@odd(H, w=(4, 3))
def output_is_part_of_state(w, x, s):
    s = torch.tanh(x @ w["w"].T + s)
    return s[:, 1:3], (s,)


@odd(H, w=(4, 4))
def forgets_its_input(w, x, s):
    s = torch.tanh(s @ w["w"].T + 0.1)
    return s, (s,)


@odd(H, w=(4, 3))
def forgets_its_state(w, x, s):
    h = torch.tanh(x @ w["w"].T)
    return h, (h,)


@odd((1,))
def one_number(w, x, s):
    s = torch.tanh(s + x[:, :1])
    return s, (s,)


# Features of several axes.


@odd((2, 4), w=(4, 3))
def sum_over_outer_axis(w, x, s):
    s = torch.tanh(0.5 * s + (x @ w["w"].T)[:, None])
    return s.sum(1), (s,)


@odd((2, 4))
def extremes_over_outer_axis(w, x, s):
    s = torch.tanh(s + x[:, :2, None])
    return s.amax(1) - s.amin(1) + s.mean((1, 2), keepdim=False)[:, None], (s * 0.9,)


@odd(M)
def transposed(w, x, s):
    s = torch.tanh(s + x[:, None])
    return s.transpose(1, 2).flatten(1), (s.transpose(1, 2).reshape(len(x), 2, 3),)


@odd((3, 4), w=(4, 3))
def matrix_memory(w, x, s):
    s = 0.9 * s + x[:, :, None] * torch.tanh(x @ w["w"].T)[:, None]
    return (s * x[:, :, None]).sum(1), (s,)


@odd((3, 4), w=(4, 3))
def matrix_memory_by_einsum(w, x, s):
    s = 0.9 * s + torch.einsum("ni,nj->nij", x, torch.tanh(x @ w["w"].T))
    return torch.einsum("nij,ni->nj", s, x), (s,)


@odd((4, 3), w=(4, 3))
def matrix_memory_by_matmul(w, x, s):
    v = torch.tanh(x @ w["w"].T)
    s = 0.9 * s + v.unsqueeze(2) @ x.unsqueeze(1)
    return torch.bmm(s, x.unsqueeze(2)).squeeze(2), (s,)


@odd((5, 3))
def attention_over_slots(w, x, s):
    weights = torch.softmax((s * x[:, None]).sum(-1), -1)
    s = torch.cat([x[:, None], s[:, :-1]], 1)
    return (weights[..., None] * s).sum(1), (s,)


@odd((2, 4))
def softmax_over_outer_axis(w, x, s):
    s = torch.softmax(s + x[:, :2, None], 1)
    return s.flatten(1), (s,)


@odd((4, 8), w=(8, 3), u=(8, 8))
def rows_times_weight(w, x, s):
    s = torch.tanh(s @ w["u"].T * 0.3 + (x @ w["w"].T)[:, None])
    return s.mean(1), (s,)


@odd((2, 2))
def output_of_two_axes(w, x, s):
    s = torch.tanh(s + x[:, :2, None])
    return s, (s,)


@odd(H, w=(8, 4))
def maxout(w, x, s):
    s = (s @ w["w"].T + x[:, :1]).unflatten(1, (2, 4)).amax(1).tanh()
    return s, (s,)


# Numbers of a row.


@odd(H)
def number_of_a_row(w, x, s):
    gate = torch.sigmoid(x[:, :1])
    s = gate * s + (1 - gate) * x.mean(1, keepdim=True)
    return s, (s,)


@odd(H)
def number_without_axis(w, x, s):
    total = x.sum(1) * s.sum(1)
    s = torch.tanh(s + total[:, None])
    return s, (s,)


@odd(())
def state_without_axis(w, x, s):
    s = torch.tanh(s + x.sum(1))
    return s[:, None], (s,)


@odd(H)
def softmax_of_state(w, x, s):
    s = torch.softmax(s * x[:, 2:] + s, -1)
    return s.log(), (s,)


@odd(H, w=(4, 3))
def normalised(w, x, s):
    s = F.normalize(s + x @ w["w"].T + torch.arange(4), dim=1)
    return s, (s,)


@odd(H, w=(4, 3))
def comparisons(w, x, s):
    spike = (x @ w["w"].T + s > 0.2).to(x.dtype)
    return spike, (0.8 * s * (1 - spike) + x[:, :1],)


@odd(H, H)
def comparison_kept(w, x, s, above):
    mask = (s > 0) | (above > 0.5)
    total = torch.where(mask, s, x[:, :1]).sum(1, keepdim=True)
    return torch.where(mask, total, s), (torch.tanh(s + x[:, 1:2]), mask.to(x.dtype))


@odd(H)
def powers(w, x, s):
    s = (s.abs() + 0.5) ** 1.5 * 0.3 + 2 ** -s.abs() + (1.5 + s.tanh()) ** x[:, :1] - s.tanh() ** 3
    return s, (s.tanh(),)


@odd(H)
def ties(w, x, s):
    s = torch.maximum(s, s) * 0.5 + torch.minimum(x[:, :1], torch.zeros_like(s))
    return s.clamp(min=-0.5).relu(), (s,)


# Weights.


@odd(H, w=(4, 4))
def one_weight_twice(w, x, s):
    s = torch.tanh((s @ w["w"].T) @ w["w"].T + x[:, :1])
    return s @ w["w"], (s,)


@odd(X, w=(3, 3))
def one_weight_for_input_and_state(w, x, s):
    s = torch.tanh((x + 0.5 * s) @ w["w"] + s @ w["w"].T)
    return s, (s,)


@odd(H, w=(6, 4))
def overlapping_parts_of_a_weight(w, x, s):
    s = torch.tanh(s @ w["w"][:4].T + s @ w["w"][2:].T + x[:, :1])
    return s, (s,)


@odd(H, w=(8, 8))
def every_other_row_and_column(w, x, s):
    s = torch.tanh(s @ w["w"][::2, 1::2].T + x[:, :1])
    return s, (s,)


@odd(H, u=(4, 2), v=(2, 4))
def low_rank(w, x, s):
    s = torch.tanh(s @ w["u"] @ w["v"] + x[:, :1])
    return s, (s,)


@odd(H, u=(4, 2), v=(2, 4))
def weight_made_of_two(w, x, s):
    s = torch.tanh(s @ (w["u"] @ w["v"]) + x[:, :1])
    return s, (s,)


@odd(H, a=(), b=(1,), c=(1, 4))
def numbers_as_weights(w, x, s):
    s = torch.tanh(w["a"].exp() * s * w["b"] + x[:, :1] + w["c"])
    return s, (s,)


@odd((3, 4), a=(3, 1), b=(4,))
def weights_of_several_axes(w, x, s):
    s = torch.tanh(w["a"] * s + x[:, :, None] * w["b"])
    return s.flatten(1) * w["a"].mean(), (s,)


@odd((40,), w=(20, 2, 2))
def twenty_blocks(w, x, s):
    s = torch.einsum("nhk,hmk->nhm", s.unflatten(1, (20, 2)), w["w"]).flatten(1)
    s = torch.tanh(s + x[:, :1])
    return s, (s,)


@odd((80,), w=(40, 2, 2))
def forty_blocks(w, x, s):
    s = torch.einsum("nhk,hmk->nhm", s.unflatten(1, (40, 2)), w["w"]).flatten(1)
    s = torch.tanh(s + x[:, :1])
    return s, (s,)


# Joined, repeated, marked.


@odd(H, (2,), w=(5, 6))
def states_side_by_side(w, x, a, b):
    z = torch.tanh(torch.cat([a, b], 1) @ w["w"].T + x[:, :1])
    return torch.cat([z, b, x], 1), (z[:, :4], z[:, 3:])


@odd(H)
def repeated(w, x, s):
    s = torch.tanh(x[:, :2].repeat(1, 2) + x[:, :2, None].expand(-1, -1, 2).flatten(1) * s)
    return s, (s,)


@odd(H)
def parts_with_gaps(w, x, s):
    s = torch.tanh(torch.stack([s[:, ::2], s[:, 1::2]], -1).flatten(1) + x[:, :1])
    return s, (s,)


@odd(H, w=(4, 3))
def marks(w, x, s):
    s = elman.clip_gradient(s, 0.05)
    s = elman.observe("hidden", torch.tanh(x @ w["w"].T + s))
    return s, (s,)


@odd(H, w=(4, 3))
def detached(w, x, s):
    h = torch.tanh(x @ w["w"].T + s.detach())
    return h * s, (h,)


# Weights on the right of @, cut after the product, stacked, or multiplied head by head.


@odd(H, H, w=(3, 16), u=(4, 16), b=(16,))
def lstm_with_weights_on_the_right(w, x, h, c):
    i, f, g, o = (x @ w["w"] + h @ w["u"] + w["b"]).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), (o.sigmoid() * c.tanh(), c)


@odd(H, w=(4, 8))
def every_other_column_of_the_right(w, x, s):
    s = torch.tanh(s @ w["w"][:, ::2] + (s @ w["w"])[:, 1::2] + x[:, :1])
    return s, (s,)


@odd(H, w=(2, 4, 4), b=(2, 4))
def stacked_weights(w, x, s):
    z = torch.sigmoid(s @ w["w"][0] + w["b"][0] + x[:, :1])
    s = z * s + (1 - z) * torch.tanh(s @ w["w"][1].T + w["b"][1] + x[:, 1:2])
    return s, (s,)


@odd(H, w=(8, 4))
def weight_seen_as_two(w, x, s):
    first, second = w["w"].view(2, 4, 4).unbind(0)
    s = torch.tanh(s @ first.T) + torch.sigmoid(s @ second.T + x[:, :1])
    return s * 0.5, (s * 0.5,)


@odd(H, w=(2, 2, 2), v=(2, 2, 2))
def heads_from_either_side(w, x, s):
    heads = s.unflatten(1, (2, 2))
    left = torch.einsum("nhk,hmk->nhm", heads, w["w"])
    right = torch.einsum("nhk,hkm->nhm", heads, w["v"])
    s = torch.tanh((left + right).flatten(1) + x[:, :1])
    return s, (s,)


@odd(H, w=(4, 4))
def weight_of_a_product_and_of_a_sum(w, x, s):
    s = torch.tanh(s @ w["w"] + x[:, :1] * w["w"][1] + w["w"].diagonal() * s + w["w"].sum())
    return s, (s,)


@odd(H, H, w=(16, 7), b=(16,))
def interleaved_gates(w, x, h, c):
    i, f, g, o = F.linear(torch.cat([x, h], 1), w["w"], w["b"]).unflatten(-1, (4, 4)).unbind(-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), (o.sigmoid() * c.tanh(), c)


@odd(H, w=(8, 7), b=(8,))
def every_other_bias(w, x, h):
    z = F.linear(torch.cat([x, h], 1), w["w"], w["b"])
    h = torch.sigmoid(z[:, ::2]) * h + torch.tanh(z[:, 1::2])
    return h, (h,)
