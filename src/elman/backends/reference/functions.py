"""The one table of what each op computes: operands, then attributes by name -> torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from elman.cells.marks import clip_gradient

NAMED_AS_IN_TORCH = """
    sigmoid tanh relu exp log log1p expm1 sqrt rsqrt abs sign neg reciprocal sin cos erf floor ceil
    add sub mul div pow maximum minimum eq ne lt le gt ge logical_and logical_or logical_xor logical_not where
"""


def _block_linear(vector: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("...gk,gmk->...gm", vector, weight)


def _slice(operand: Tensor, *, axis: int, start: int, stop: int, step: int) -> Tensor:
    return operand[(*[slice(None)] * axis, slice(start, stop, step))]


def _unchanged(operand: Tensor, **_: Any) -> Tensor:
    return operand


# Axes are those of the operand as torch sees it: the interpreter has counted the row axis in.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "linear": functional.linear,
    "block_linear": _block_linear,
    **{name: getattr(torch, name) for name in NAMED_AS_IN_TORCH.split()},
    "silu": functional.silu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "softplus": functional.softplus,
    "clamp": torch.clamp,
    "power": lambda operand, *, exponent: torch.pow(operand, exponent),
    "sum": lambda operand, *, axes: operand.sum(axes),
    "mean": lambda operand, *, axes: operand.mean(axes),
    "amax": lambda operand, *, axes: operand.amax(axes),
    "amin": lambda operand, *, axes: operand.amin(axes),
    "max": lambda operand, *, axes: operand.max(*axes).values,
    "min": lambda operand, *, axes: operand.min(*axes).values,
    "slice": _slice,
    "reshape": lambda operand, *, shape: operand.reshape(shape),
    "transpose": lambda operand, *, axes: operand.permute(axes),
    "broadcast": lambda operand, *, shape: operand.expand(shape),
    "concat": lambda *operands, axis: torch.cat(operands, axis),
    "constant": lambda *, value, like: like.new_tensor(value),
    "to_real": lambda operand, *, like: operand.to(like.dtype),
    "observe": _unchanged,
    "clip_gradient": clip_gradient,
    "stop_gradient": torch.detach,
}
