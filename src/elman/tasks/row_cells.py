"""The cells of a row that comes by itself: text, as in CSV, or values of JSON."""

from __future__ import annotations

import math
from typing import Any

from elman.data.coerce import MISSING
from elman.errors import DataError


def read_number(value: Any, name: str, *, or_boolean: bool = False) -> float | None:
    """Return the number in a cell; None where there is none, or an infinite one.

    Args:
        value: the cell.
        name: of its column.
        or_boolean: whether true and false count as 1 and 0.

    Raises:
        DataError: it is no number.

    Example:
        >>> read_number("2.5", "load"), read_number("NA", "load"), read_number(True, "on", or_boolean=True)
        (2.5, None, 1.0)
    """
    value = read_boolean(value) if or_boolean else value
    if value is None or (isinstance(value, str) and is_missing(value)):
        return None
    try:
        if (isinstance(value, bool) and not or_boolean) or (isinstance(value, str) and "_" in value):
            raise ValueError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{name!r} must be a number such as 3.5, but it is {value!r}.") from None
    return number if math.isfinite(number) else None


def read_boolean(value: Any) -> Any:
    """Return True or False for these words; anything else as it is."""
    words = {"true": True, "false": False}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value


def is_missing(text: str) -> bool:
    """Whether a text stands for a value that is not there."""
    return not text.strip() or text.strip() in MISSING
