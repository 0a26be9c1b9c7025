"""Numbers and times as people read them, and as a chart needs them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

NOT_AVAILABLE = "–"


def finite(value: float | None) -> float | None:
    """Return the value, or `None` where it is missing, NaN or infinite."""
    return value if value is not None and math.isfinite(value) else None


def rounded(values: Sequence[float | None], digits: int = 5) -> list[float | None]:
    """Round to what a chart can show: `digits` digits of the values' own range.

    The range and not the size counts: 1,000,000.25 beside 1,000,000.75 keeps its decimals.

    Example:
        >>> rounded([1000.123456, 1002.0, None, float("nan")])
        [1000.1235, 1002.0, None, None]
    """
    kept = [finite(value) for value in values]
    known = [value for value in kept if value is not None]
    if not known:
        return kept
    extent = max(known) - min(known) or max(map(abs, known)) or 1.0
    decimals = digits - 1 - math.floor(math.log10(extent))
    return [None if value is None else round(float(value), decimals) for value in kept]


def decimals_for(values: Sequence[float | None], digits: int = 4) -> int:
    """Return how many decimals show the largest of `values` with `digits` significant digits."""
    largest = max((abs(known) for value in values if (known := finite(value)) is not None), default=0.0)
    return max(0, digits - 1 - math.floor(math.log10(largest))) if largest else 0


def number(value: float | None, decimals: int | None = None) -> str:
    """Write a number with thousands separators, four significant digits unless told otherwise.

    Example:
        >>> number(31234.567), number(0.0123456), number(None)
        ('31,235', '0.01235', '–')
    """
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    decimals = decimals_for([value]) if decimals is None else decimals
    return f"{value:,.{decimals}f}"


def percent(value: float | None) -> str:
    """Write a share as a percentage.

    Example:
        >>> percent(0.8041).split()
        ['80.4', '%']
    """
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    return f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def duration(seconds: float) -> str:
    """Write a duration in its two largest units.

    Example:
        >>> duration(12.3), duration(192), duration(7384)
        ('12.3 s', '3 min 12 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """Write an amount with its noun.

    Example:
        >>> count(1, "gap"), count(1200, "gap"), count(2, "series", "series")
        ('1 gap', '1,200 gaps', '2 series')
    """
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def moment(time: Any) -> str | int | float:
    """Return a time stamp as the charts and the text show it.

    The wall clock is kept and the offset dropped: a chart's axis is the clock people live by.

    Example:
        >>> moment(datetime(2014, 1, 2, 3, 30)), moment(date(2014, 1, 2)), moment(7)
        ('2014-01-02 03:30', '2014-01-02', 7)
    """
    if isinstance(time, datetime):
        whole = not (time.second or time.microsecond)
        return time.replace(tzinfo=None).isoformat(sep=" ", timespec="minutes" if whole else "auto")
    if isinstance(time, date):
        return time.isoformat()
    return time if isinstance(time, int | float) else str(time)
