"""Options that are one number for all units, or a range from which each unit draws its own."""

import math
from typing import Any, TypeAlias

import torch
from torch import Tensor

from elman.cells.options import brief, check_number
from elman.errors import OptionError

Spread: TypeAlias = float | tuple[float, float]


def check_spread(name: str, value: Any, above: float, below: float = math.inf) -> None:
    """Refuse what is neither a number between the bounds nor a pair (low, high) of such numbers."""
    numbers = value if isinstance(value, tuple) else (value,)
    for number in numbers:
        check_number(name, number)
        if not above < number < below:
            legal = f"above {above:g}" + ("" if math.isinf(below) else f" and below {below:g}")
            raise OptionError(f"`{name}` must be {legal}, but it is {brief(value)}.")
    if len(numbers) not in (1, 2) or sorted(numbers) != list(numbers):
        raise OptionError(f"`{name}` must be a number or a pair (low, high), but it is {brief(value)}.")


def lowest(spread: Spread) -> float:
    """Return the smallest number that a unit may get."""
    return spread[0] if isinstance(spread, tuple) else spread


def draw_spread(spread: Spread, size: int) -> Tensor:
    """Return one number for each of `size` units: the same for all, or uniform in the range."""
    low, high = spread if isinstance(spread, tuple) else (spread, spread)
    return torch.empty(size).uniform_(low, high) if low < high else torch.full((size,), float(low))
