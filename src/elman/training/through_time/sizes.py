"""Sizes of memory as people write them."""

from __future__ import annotations

import math
import re

from elman.cells.options import brief
from elman.errors import OptionError

UNITS = {"": 1, "b": 1}
UNITS |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", start=1)}
UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", start=1)}


def parse_bytes(name: str, value: int | str) -> int:
    """Return a size in bytes.

    Args:
        name: What the caller knows it as.
        value: A number of bytes, or a text such as "64MB" (10^6 bytes each) or "64 MiB" (2^20).

    Raises:
        OptionError: It is no size, or not positive.

    Example:
        >>> parse_bytes("memory", "1.5 kB"), parse_bytes("memory", "2MiB")
        (1500, 2097152)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = (
        re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", value.lower()) if isinstance(value, str) else None
    )
    size = float(found[1]) * UNITS.get(found[2], math.nan) if found else math.nan
    if not size >= 1:
        raise OptionError(f'`{name}` must be a size such as "64MB" or 64_000_000, but it is {brief(value)}.')
    return int(size)


def format_bytes(size: float) -> str:
    """Return a size to read: three figures and a unit of 10^3, 10^6, ... bytes."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
