"""Every torch function that the tracer knows, as function, method, operator, with keywords, with defaults."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from elman.backends.reference import run
from elman.cells import Cell
from elman.cells.marks import clip_gradient, observe
from elman.ir import OPS, parse_graph, print_graph, verify
from elman.trace import Recording, record

NAMES = {"torch": torch, "F": F, "observe": observe, "clip_gradient": clip_gradient}


class FormCell(Cell):
    """Computes one expression of x (N, 6), h (N, 6), m (N, 2, 3), mask (N, 6) and parameters."""

    def __init__(self, expression: str):
        super().__init__(6, 6)
        self.expression = expression
        self.w = nn.Parameter(torch.randn(5, 6))
        self.v = nn.Parameter(torch.randn(6))
        self.row = nn.Parameter(torch.randn(1, 6))
        self.scalar = nn.Parameter(torch.tensor(0.7))
        self.blocks = nn.Parameter(torch.randn(2, 4, 3))
        self.norm = nn.LayerNorm(6)
        self.code = compile(expression, "<form>", "eval")
        self.output_size = self.value(torch.zeros(2, 6), torch.zeros(2, 6)).shape[1]

    def forward(self, input, state):
        return self.value(input, state), state

    def value(self, input: Tensor, state: Tensor) -> Tensor:
        given = {"x": input, "h": state, "m": state.view(-1, 2, 3), "mask": input > 0}
        parameters = {name: getattr(self, name) for name in ("w", "v", "row", "scalar", "blocks", "norm")}
        result = eval(self.code, {**NAMES, **given, **parameters, "one": torch.ones_like(input)})
        parts = result if isinstance(result, tuple | list) else [result]
        return torch.cat([part.to(input.dtype).flatten(1) for part in parts], dim=1)


FORMS_BY_OP = """
add: x + h; x + 1; 2.5 + x; torch.add(x, h); x.add(other=h); x + v; row + x; x + scalar
add: m + x[:, :3, None].mT
add, scaled: torch.add(x, h, alpha=2); x.sub(h, alpha=0.5)
sub: x - h; 1 - x; torch.sub(x, 2); x.subtract(h); torch.rsub(x, 1); v - x
mul: x * h; 3 * x; torch.mul(x, other=h); x.multiply(v); x * mask; row * x
div: x / (h * h + 1); x / 3; torch.div(x, 7.0); x.true_divide(2); 1 / (h * h + 1)
div: 5.0 / (x * x + 1)
power: x ** 2; x.pow(3); torch.pow(input=x, exponent=2); (x * x + 1) ** 0.5; x.square()
power: torch.square(x); (x * x + 1) ** -1.0
pow: (x * x + 1) ** h; torch.pow(x.abs() + 1, h); 2 ** x; torch.pow(0.5, x)
maximum: torch.maximum(x, h); torch.max(x, h); x.max(h); x.maximum(v)
minimum: torch.minimum(x, h); torch.min(x, other=h); x.minimum(h)
sigmoid: torch.sigmoid(x); x.sigmoid(); F.sigmoid(x); torch.special.expit(x); torch.nn.Sigmoid()(x)
tanh: torch.tanh(x); x.tanh(); F.tanh(x); torch.nn.Tanh()(x)
relu: torch.relu(x); x.relu(); F.relu(x); torch.nn.ReLU()(x)
relu's kin: torch.prelu(x, v); F.prelu(x, scalar.view(1)); F.prelu(0 * x, v)
relu's kin: F.relu6(4 * x); F.hardtanh(x); F.hardtanh(x, -0.5, 0.5); F.threshold(x, 0.1, -1.0)
relu's kin: F.relu6(0 * x)
silu: F.silu(x); torch.nn.SiLU()(x)
leaky_relu: F.leaky_relu(x); F.leaky_relu(x, 0.2); F.leaky_relu(x, negative_slope=0.3)
leaky_relu: torch.nn.LeakyReLU(0.1)(x)
elu: F.elu(x); F.elu(x, alpha=0.5); torch.nn.ELU(2)(x)
elu's kin: F.selu(x); F.celu(x, 0.5); torch.celu(x)
gelu: F.gelu(x); F.gelu(x, approximate='tanh'); torch.nn.GELU()(x)
softplus: F.softplus(x); F.softplus(x, 2); F.softplus(x, beta=0.5, threshold=1)
softplus: torch.nn.Softplus(2, 3)(x)
others: F.logsigmoid(x); F.softsign(x); F.tanhshrink(x); F.mish(x); F.glu(x)
others: F.glu(m.mT, dim=2); F.logsigmoid(0 * x)
exp: torch.exp(x); x.exp()
log: torch.log(x * x + 1); (x * x + 1).log()
log1p: torch.log1p(x * x); (x * x).log1p()
expm1: torch.expm1(x); x.expm1(); torch.special.expm1(x)
sqrt: torch.sqrt(x * x + 1); (x * x + 1).sqrt()
rsqrt: torch.rsqrt(x * x + 1); (x * x + 1).rsqrt()
abs: torch.abs(x); x.abs(); abs(x); x.absolute()
sign: torch.sign(x); x.sign(); torch.sgn(x)
neg: -x; torch.neg(x); x.negative()
reciprocal: torch.reciprocal(x * x + 1); (x * x + 1).reciprocal()
sin: torch.sin(x); x.sin()
cos: torch.cos(x); x.cos()
erf: torch.erf(x); x.erf(); torch.special.erf(x)
floor: torch.floor(x); x.floor()
ceil: torch.ceil(x); x.ceil()
clamp: torch.clamp(x, -1, 1); x.clamp(min=0); x.clip(max=0.5); x.clamp_min(0)
clamp: torch.clamp_max(x, 0.25); x.clamp(0, None)
eq: x.floor() == h.floor(); torch.eq(mask, x > 1); x.eq(0)
ne: x.floor() != h.floor(); x.ne(0); torch.not_equal(mask, x)
lt: x < h; 0 > x; torch.lt(x, v); x.less(h)
le: x <= h; torch.le(x, 0)
gt: x > h; x.gt(0); torch.greater(x, h)
ge: x >= h; 0 <= x; x.ge(row)
logical_and: mask & (h > 0); torch.logical_and(x > 0, h > 0); torch.logical_and(x, h); True & mask
logical_or: mask | (h > 0); mask.logical_or(h > 0)
logical_xor: mask ^ (h > 0); torch.logical_xor(mask, h > 0)
logical_not: ~mask; torch.logical_not(mask); mask.bitwise_not(); torch.logical_not(x)
where: torch.where(mask, x, h); x.where(mask, h); torch.where(mask, x, 0.0)
where: torch.where(h > 0, 1.0, x); torch.where(condition=mask, input=v, other=x)
where: torch.where(mask, mask, x); x.masked_fill(mask, -1.0)
to_real: mask.to(x.dtype); mask.type_as(x); mask + x; mask.double()
to condition: x.bool(); torch.where(x.to(torch.bool), h, x)
addcmul, lerp: torch.addcmul(x, h, v); x.addcmul(h, h, value=0.5); torch.addcdiv(x, h, v * v + 1)
addcmul, lerp: torch.lerp(x, h, 0.3); x.lerp(h, mask.to(x.dtype))
linear: F.linear(x, w); F.linear(x, w, w[:, 0]); F.linear(input=h, weight=w, bias=None); x @ w.T
linear: torch.matmul(x, w.t()); torch.mm(x, w.mT); x.matmul(w.transpose(0, 1))
linear, in other words: torch.addmm(w[:, 0], x, w.T); torch.einsum('ni,mi->nm', x, w)
linear, in other words: torch.einsum('mi,...i->...m', w, x); torch.einsum('ni,mi', x, w).T; (w @ x.T).T
linear, in other words: x @ v[:, None]; m @ blocks[0].T; F.linear(m, blocks[0])
linear, in other words: (blocks[0] @ m.mT).mT; torch.einsum('nhk,mk->nmh', m, blocks[0])
linear, in other words: w.matmul(x[:, :, None]); m.flatten(1) @ w.T; (x @ v).unsqueeze(1)
linear, in other words: torch.inner(x, v)[:, None]
block_linear: torch.einsum('nhk,hmk->nhm', m, blocks)
block_linear: torch.bmm(m.transpose(0, 1), blocks.mT).transpose(0, 1); (m[:, :, None] @ blocks.mT)
block_linear: (blocks @ m[..., None]).squeeze(-1); torch.einsum('nhk,hmk->nmh', m, blocks)
block_linear: torch.einsum('nhk,hmk->nm', m, blocks)
products of the row: torch.bmm(m, m.mT); torch.einsum('ni,nj->nij', x, h)
products of the row: torch.einsum('nij,nj->ni', m, x[:, :3]); x[:, :, None] @ h[:, None]
products of the row: torch.einsum('ni,ni->n', x, h)[:, None]; torch.einsum('nij->nji', m)
products of the row: torch.einsum('nij->ni', m)
sum: x.sum(-1, keepdim=True); torch.sum(m, dim=(1, 2))[:, None]; m.sum(1)
sum: x + x.sum(dim=1, keepdim=True); m.sum(dim=[1])
mean: x.mean(-1, keepdim=True); torch.mean(m, 2); m.mean(dim=(-1, -2), keepdim=True)
amax: x.amax(-1, keepdim=True); torch.amax(m, (1, 2), keepdim=True)
amin: x.amin(1, True); m.amin(dim=-1)
max: x.max(-1, keepdim=True).values; torch.max(m, 1)[0]; m.max(dim=2).values
min: x.min(-1, True)[0]; torch.min(m, dim=1).values
spread: x.var(-1, keepdim=True); torch.var(m, 2, unbiased=False); m.var(dim=1, correction=0)
spread: x.std(dim=-1, keepdim=True); m.std(1, False); (0 * x).std(-1, keepdim=True)
length: x.norm(dim=-1, keepdim=True); torch.linalg.vector_norm(m, dim=2)
length: torch.linalg.norm(x, dim=1)[:, None]; F.normalize(x, dim=-1); x.norm(p=1, dim=1, keepdim=True)
length: F.normalize(0 * x, dim=-1)
softmax: torch.softmax(x, -1); x.softmax(dim=1); F.softmax(m, dim=1); torch.nn.Softmax(dim=-1)(m)
softmax: F.log_softmax(x, -1); m.log_softmax(2); torch.logsumexp(m, 2); x.logsumexp(-1, keepdim=True)
softmax: F.softmax(50 * x, -1)
norms: norm(x); F.layer_norm(m, (3,)); F.layer_norm(m, (2, 3))
norms: F.layer_norm(x, [6], v, bias=None, eps=0.1); F.rms_norm(x, (6,), v)
norms: F.rms_norm(m, (3,), eps=1e-3); F.group_norm(x, 2, v, v); F.group_norm(m, 2)
slice: x[:, 1:3]; x[..., -2:]; x[:, ::2]; x[:, 1] [:, None]; m[:, 1, 1:]; m[..., 0]
slice: x[:, None, :4]; x.narrow(1, 2, 3); torch.narrow(x, -1, 1, 2); x.select(1, -1)[:, None]
slice: m.select(dim=2, index=0); x[:]; m[:, -1]; x[:len(x), 2:]
parts: x.chunk(4, -1); torch.chunk(x, 2, dim=1)[1]; x.split(4, 1); torch.split(x, [1, 2, 3], dim=-1)
parts: x.split([2, 4], dim=1); torch.split(x, split_size_or_sections=3, dim=1)
parts: x.tensor_split(4, dim=1); torch.tensor_split(x, (1, 4), 1); x.unbind(1)[2][:, None]
parts: torch.unbind(m, dim=-1); m.unbind(dim=1); x.split_with_sizes([1, 5], 1)
concat: torch.stack([x, h]).sum(0); torch.stack([m, m], 0).transpose(0, 1)
concat: torch.cat([x, h], 1); torch.cat((x, h), dim=-1); torch.concat([m, m], 2)
concat: torch.hstack([x, h]); torch.stack([x, h], 1); torch.stack((x, h), dim=-1)
concat: torch.stack([m, m], 2); x.repeat(1, 2); torch.tile(x, (1, 3)); m.repeat(1, 2, 2)
concat: torch.cat([x, v.expand(len(x), -1)], 1); torch.cat([mask, mask], 1)
reshape: x.view(-1, 3, 2); x.reshape(x.shape[0], 2, -1); m.flatten(1); torch.flatten(m, start_dim=-2)
reshape: x.unflatten(1, (3, 2)); x.unsqueeze(1); x.unsqueeze(-1).squeeze(-1)
reshape: torch.reshape(m, (len(m), 6)); x.view_as(h); m.reshape_as(x); x.view(x.size(0), 6)
transpose: m.transpose(1, 2); torch.transpose(m, -1, -2); m.mT; m.permute(0, 2, 1)
transpose: torch.permute(m, (0, -1, 1)); m.movedim(1, 2); m.swapaxes(2, 1)
transpose: m.transpose(0, 1).transpose(1, 0); x.T.T; x.t().t()
broadcast: x[:, None].expand(-1, 3, -1); x[:, :1].expand_as(x)
broadcast: torch.broadcast_to(x[:, :, None], (len(x), 6, 2)); x[:, :1] * h; m * m[:, :1]
broadcast: x[:, None] + h[:, :2, None]; row.expand(len(x), 6); v.expand_as(x); m + v[:3]
broadcast: (x.T * v[:, None] + h.T).T
constant: torch.zeros_like(x) + x; torch.ones_like(x); x.new_zeros(len(x), 2)
constant: torch.full_like(x, 0.5) * x; x.new_full((x.size(0), 3), 2.0)
constant: torch.zeros(len(x), 2, dtype=x.dtype); x.new_ones(3) * x[:, :3]; x + torch.tensor(0.1)
constant: torch.zeros_like(x, dtype=torch.bool); one + x; x * torch.arange(6)
constant: x + torch.eye(6, dtype=x.dtype)[1]
unchanged: x.clone(); x.contiguous(); +x; F.dropout(x, 0.5, training=False)
unchanged: torch.nn.Dropout(0.0)(x); torch.nn.Identity()(x); x.to(x.dtype)
observe: observe('gate', torch.sigmoid(x))
clip_gradient: clip_gradient(x, 0.1); clip_gradient(value=x, limit=10)
stop_gradient: x.detach() + h; x * h.data; torch.detach(h) * h
of parameters alone: x * torch.exp(-F.softplus(v)); x @ torch.linalg.qr(w.T @ w)[0]; x + w.sum(0)
of parameters alone: x * v.softmax(0); x * (v > 0); x * v.detach()
"""
FORMS: dict[str, list[str]] = {}
for line in FORMS_BY_OP.strip().splitlines():
    op, _, expressions = line.partition(": ")
    FORMS.setdefault(op, []).extend(expressions.split("; "))
EXPRESSIONS = [expression for expressions in FORMS.values() for expression in expressions]
RECORDINGS: dict[str, tuple[FormCell, Recording]] = {}


def recorded(expression: str) -> tuple[FormCell, Recording]:
    if expression not in RECORDINGS:
        torch.manual_seed(0)
        cell = FormCell(expression).double()
        RECORDINGS[expression] = cell, record(cell)
    return RECORDINGS[expression]


def gradients(output: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    if not output.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(
        (output * torch.arange(output.numel()).view_as(output)).sum(), leaves, allow_unused=True
    )
    return [
        torch.zeros_like(leaf) if part is None else part for leaf, part in zip(leaves, found, strict=True)
    ]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_form_is_recorded_as_what_it_computes(expression: str):
    cell, recording = recorded(expression)
    verify(recording.graph)
    assert parse_graph(print_graph(recording.graph)) == recording.graph
    for num_rows in (1, 2, 7):
        x, h = (torch.randn(num_rows, 6, dtype=torch.float64, requires_grad=True) for _ in range(2))
        leaves: list[Any] = [x, h, *cell.parameters()]
        expected, _ = cell(x, h)
        output = run(recording.graph, [x, h, *recording.parameters(cell)]).output
        tolerance = 0 if recording.is_exact else 1e-14
        torch.testing.assert_close(output, expected, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(
            gradients(output, leaves), gradients(expected, leaves), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_form_gives_the_same_numbers_in_single_precision(expression: str):
    cell = FormCell(expression)
    if ".double()" in expression:
        pytest.skip("double is another precision here")
    recording = record(cell)
    for num_rows in (1, 2, 33):
        x, h = torch.randn(2, num_rows, 6)
        output = run(recording.graph, [x, h, *recording.parameters(cell)]).output
        tolerance = 0 if recording.is_exact else 2.0**-18
        torch.testing.assert_close(output, cell(x, h)[0], rtol=tolerance, atol=tolerance)


def test_every_op_is_recorded_under_its_name():
    recorded_ops = {
        name: {node.op for expression in FORMS[name] for node in recorded(expression)[1].graph.nodes}
        for name in FORMS
    }
    assert [op for op in OPS if op not in recorded_ops.get(op, ())] == []
