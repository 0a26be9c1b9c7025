"""Marks inside a cell's equation: functions that change no number on the way forward."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from elman.cells.options import brief
from elman.errors import DtypeError, OptionError


def observe(name: str, value: Tensor) -> Tensor:
    """Return `value`, and let diagnostics ask for it by name.

    Args:
        name: What to call it; each name once in a cell.
        value: Anything computed from the input and the state.

    Shape:
        value: (N, ...). Returns: as `value`.

    Raises:
        OptionError: `name` is not a text, or is empty.
        DtypeError: `value` is not a tensor.

    Example:
        >>> class Leaky(torch.nn.Module):
        ...     def forward(self, input, state):
        ...         gate = observe("gate", torch.sigmoid(input))
        ...         return state, gate * state
    """
    if not isinstance(name, str) or not name:
        raise OptionError(f"`name` must be a text, but it is {brief(name)}.")
    _check_tensor(value)
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
        OptionError: `limit` is not a positive number.
        DtypeError: `value` is not a tensor.

    Example:
        >>> state = torch.ones(2, requires_grad=True)
        >>> (100 * clip_gradient(state, 1.0)).sum().backward()
        >>> state.grad
        tensor([1., 1.])
    """
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not limit > 0:
        raise OptionError(f"`limit` must be positive, but it is {brief(limit)}.")
    _check_tensor(value)
    if has_torch_function_unary(value):
        return handle_torch_function(clip_gradient, (value,), value, limit)
    return _ClipGradient.apply(value, limit)  # pyright: ignore[reportReturnType]


def _check_tensor(value: object) -> None:
    if not isinstance(value, Tensor):
        raise DtypeError(f"`value` must be a tensor, but it is a {type(value).__name__}.")


class _ClipGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, limit: float) -> Tensor:
        ctx.limit = limit
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0].clamp(-ctx.limit, ctx.limit), None
