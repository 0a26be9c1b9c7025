"""Clipping of the gradient of all parameters together."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import torch
from torch import Tensor

from elman.cells.options import brief, check_choice
from elman.errors import OptionError


def clip_gradients(
    parameters: Tensor | Iterable[Tensor],
    norm: float | None = None,
    value: float | None = None,
    *,
    non_finite: str = "keep",
) -> float:
    """Clip the gradients of all parameters, in place, and return their joint norm as it was before.

    Use it between `backward` and `optimizer.step()`: where the loss falls off a cliff, one gradient would
    undo the work of many. With `norm` the direction stays, with `value` each number is clipped by itself;
    with both, the numbers come first. Without either the norm is only measured.

    Equations:
        (1) ||g|| = sqrt(sum of g_i^2 over all parameters)
        (2) g_i <- max(-value, min(value, g_i))
        (3) g <- g norm / ||g||    if ||g|| > norm

    Where ||g|| is infinite or NaN, no rule of these is sound, and `non_finite` decides. Gradients that are
    finite have a finite norm here, even where their squares overflow. A sparse gradient, as of
    `torch.nn.Embedding(sparse=True)`, stays sparse: entries of one place are added up first, and "random"
    draws the numbers that it holds.

    Args:
        parameters: Those of the whole model, or a single one; those without a gradient are left alone, one
            that stands there twice counts once.
        norm: The largest norm of all gradients together; positive.
        value: The largest absolute value of one number; positive.
        non_finite: What happens to gradients whose norm is infinite or NaN: "keep" leaves them, and the norm
            that is returned says so; "zero" makes them zero, so that the step is as good as skipped; "random"
            takes a random direction of size `norm` in their place.

    Shape:
        parameters: any.

    Returns:
        ||g|| before clipping; infinite or NaN if a gradient is.

    Raises:
        OptionError: A limit is not positive, `non_finite` is not one of the choices, or "random" comes
            without `norm`.

    Reference:
        R. Pascanu, T. Mikolov, Y. Bengio (2013), "On the difficulty of training recurrent neural networks",
        ICML, algorithm 1. Number by number, and the random step: I. Goodfellow, Y. Bengio, A. Courville
        (2016), "Deep Learning", section 10.11.1, equations 10.48 and 10.49.

    Example:
        >>> weight = torch.nn.Parameter(torch.zeros(2))
        >>> weight.grad = torch.tensor([3.0, 4.0])
        >>> clip_gradients([weight], norm=1.0)
        5.0
        >>> weight.grad
        tensor([0.6000, 0.8000])
    """
    check_choice("non_finite", non_finite, ("keep", "zero", "random"))
    for name, limit in {"norm": norm, "value": value}.items():
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0
        ):
            raise OptionError(f"`{name}` must be positive, but it is {brief(limit)}.")
    if non_finite == "random" and norm is None:
        raise OptionError('`non_finite="random"` needs `norm`, the size of the step.')
    each = {id(one): one for one in ([parameters] if isinstance(parameters, Tensor) else parameters)}
    with torch.no_grad():
        gradients = [_numbers(one) for one in each.values() if one.grad is not None]
        before = _norm(gradients)
        if not isfinite(before):
            _replace(gradients, non_finite, norm)
            return before
        if value is not None:
            for gradient in gradients:
                gradient.clamp_(-value, value)
        if norm is not None:
            _scale(gradients, before if value is None else _norm(gradients), norm)
    return before


def _numbers(parameter: Tensor) -> Tensor:
    """Return the numbers of a gradient; writing to them writes to the gradient."""
    if parameter.grad is None or parameter.grad.layout == torch.strided:
        return parameter.grad  # pyright: ignore[reportReturnType]
    if parameter.grad.layout == torch.sparse_coo:
        parameter.grad = parameter.grad.coalesce()  # else a word that occurs twice has two gradients
    return parameter.grad.values()


def _norm(gradients: list[Tensor]) -> float:
    """Return the joint norm; of numbers whose squares overflow, by their largest."""
    total = _plain_norm(gradients)
    if isfinite(total):
        return total
    largest = max(float(gradient.abs().max()) for gradient in gradients if gradient.numel())
    return total if not isfinite(largest) else largest * _plain_norm([one / largest for one in gradients])


def _plain_norm(gradients: list[Tensor]) -> float:
    return float(torch.nn.utils.get_total_norm(gradients))


def _scale(gradients: list[Tensor], norm: float, limit: float) -> None:
    if norm > limit:
        for gradient in gradients:
            # In two factors: their product may be too small for the dtype, where the gradient is large.
            gradient.div_(norm).mul_(limit)


def _replace(gradients: list[Tensor], way: str, size: float | None) -> None:
    if way == "keep":
        return
    for gradient in gradients:
        gradient.zero_() if way == "zero" else gradient.normal_()
    if way == "random" and size is not None:
        norm = _norm(gradients)
        for gradient in gradients:
            gradient.mul_(size / norm)
