"""Durations such as "30m", and the seasons that are natural at such a step."""

from __future__ import annotations

import re

from elman.data.steps import MICROSECONDS, MONTHS
from elman.errors import OptionError

_DURATION = re.compile(r"([1-9]\d*)(i|ms|s|m|min|h|H|d|D|w|W|mo|q|y)")
_ALIASES = {"min": "m", "H": "h", "D": "d", "W": "w"}


def parse_duration(text: str) -> tuple[int, str]:
    """Return "30m" as (30, "m"), in the largest unit that keeps the count whole.

    Raises:
        OptionError: `text` is not a count and a unit.
    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise OptionError(
            "A duration is a count and a unit, such as 30m, 1h, 1d, 1w, 1mo, 1q, 1y, or 1i for integers, "
            f"but it is {text!r}."
        )
    return _in_largest_unit(int(match[1]), _ALIASES.get(match[2], match[2]))


def _in_largest_unit(count: int, unit: str) -> tuple[int, str]:
    for small, factor, large in (
        ("ms", 1000, "s"),
        ("s", 60, "m"),
        ("m", 60, "h"),
        ("d", 7, "w"),
        ("mo", 3, "q"),
        ("q", 4, "y"),
    ):
        if unit == small and count % factor == 0:
            count, unit = count // factor, large
    return count, unit


def natural_seasons(count: int, unit: str) -> tuple[int, ...]:
    """Return the season lengths, in steps of `count` `unit`s, that are worth looking for.

    Steps of less than a minute: minute and hour; of a minute: hour and day; below a day and daily: day
    and week; from a week on: the year.
    """
    if unit in MONTHS:
        step, lengths = count * MONTHS[unit], (12,)
    elif unit == "w":
        step, lengths = count, (52,)
    elif unit == "i":
        return ()
    else:
        step = count * MICROSECONDS[unit]
        lengths = tuple(MICROSECONDS[name] for name in _cycles(step))
    return tuple(length // step for length in lengths if length % step == 0 and length > step)


def _cycles(step: int) -> tuple[str, ...]:
    """Return the cycles worth looking for at a step of so many microseconds."""
    if step < MICROSECONDS["s"]:
        return ()
    if step < MICROSECONDS["m"]:
        return ("m", "h")
    return ("h", "d") if step == MICROSECONDS["m"] else ("d", "w")
