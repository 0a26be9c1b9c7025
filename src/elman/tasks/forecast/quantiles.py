"""Quantiles that never cross: a centre, and steps of one sign away from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from elman.errors import OptionError


def check_quantiles(levels: Sequence[float]) -> tuple[float, ...]:
    """Return the levels in ascending order.

    Raises:
        OptionError: there is none, one is outside (0, 1), or one is there twice.
    """
    given: list[Any] = list(levels) if isinstance(levels, Iterable) else [levels]
    numbers = [float(level) for level in given if isinstance(level, Real) and 0 < float(level) < 1]
    # A level gives its column a name, of six digits.
    if not given or len({f"{number:g}" for number in numbers}) < len(given):
        raise OptionError(f"`quantiles` must be different numbers between 0 and 1, but it is {levels!r}.")
    return tuple(sorted(numbers))


def centre_of(levels: tuple[float, ...]) -> int:
    """Return the index of the level nearest to the median."""
    return min(range(len(levels)), key=lambda at: abs(levels[at] - 0.5))


class QuantileHead(nn.Module):
    """Linear map to quantiles in ascending order: the centre is free, the others are sums of softplus steps.

    Args:
        input_size: features.
        levels: ascending, in (0, 1).

    Shape:
        input: (..., input_size). Output: (..., Q).
    """

    def __init__(self, input_size: int, levels: tuple[float, ...]) -> None:
        super().__init__()
        self.levels, self.centre = levels, centre_of(levels)
        self.linear = nn.Linear(input_size, len(levels))
        # At first the centre adds nothing to the linear branch and the bands are narrow.
        nn.init.zeros_(self.linear.weight)
        nn.init.constant_(self.linear.bias, -1.5)
        with torch.no_grad():
            self.linear.bias[self.centre] = 0.0

    def forward(self, input: Tensor) -> Tensor:
        """Return the quantiles."""
        raw = self.linear(input)
        centre = raw[..., self.centre : self.centre + 1]
        step = nn.functional.softplus(raw)
        below = step[..., : self.centre].flip(-1).cumsum(-1).flip(-1)
        above = step[..., self.centre + 1 :].cumsum(-1)
        return torch.cat([centre - below, centre, centre + above], dim=-1)


def pinball_loss(quantiles: Tensor, target: Tensor, levels: Tensor, observed: Tensor) -> Tensor:
    """Return the mean pinball loss over observed targets and levels.

    Args:
        quantiles: (..., Q).
        target: (...), any number where not observed.
        levels: (Q,).
        observed: (...) bool.

    Reference:
        Koenker, Bassett (1978). Regression quantiles. Econometrica.
    """
    difference = torch.where(observed[..., None], target[..., None] - quantiles, 0.0)
    loss = torch.maximum(levels * difference, (levels - 1) * difference)
    return loss.sum() / (observed.sum().clamp(min=1) * quantiles.shape[-1])
