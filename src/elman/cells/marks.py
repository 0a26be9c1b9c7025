"""Marks inside a cell's equation: functions that change no number on the way forward."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from elman.errors import OptionError


def observe(name: str, value: Tensor) -> Tensor:
    """Return `value`, and let diagnostics ask for it by name.

    Args:
        name: What to call it; each name once in a cell.
        value: Anything computed from the input and the state.

    Shape:
        value: (N, ...). Returns: as `value`.

    Example:
        >>> class Leaky(torch.nn.Module):
        ...     def forward(self, input, state):
        ...         gate = observe("gate", torch.sigmoid(input))
        ...         return state, gate * state
    """
    if has_torch_function_unary(value):
        return handle_torch_function(observe, (value,), name, value)
    return value


def clip_gradient(value: Tensor, limit: float) -> Tensor:
    """Return `value`; on the way back each number of its gradient is clamped to -limit..limit.

    Put it on a state, so that one steep step cannot outweigh all others. NaN stays NaN.

    Args:
        value: Any tensor.
        limit: The largest absolute value of the gradient; positive.

    Shape:
        value: any. Returns: as `value`.

    Raises:
        OptionError: `limit` is not positive.

    Example:
        >>> state = torch.ones(2, requires_grad=True)
        >>> (100 * clip_gradient(state, 1.0)).sum().backward()
        >>> state.grad
        tensor([1., 1.])
    """
    if not limit > 0:
        raise OptionError(f"`limit` must be positive, but it is {limit!r}.")
    if has_torch_function_unary(value):
        return handle_torch_function(clip_gradient, (value,), value, limit)
    return _ClipGradient.apply(value, limit)  # pyright: ignore[reportReturnType]


class _ClipGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, limit: float) -> Tensor:
        ctx.limit = limit
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0].clamp(-ctx.limit, ctx.limit), None
