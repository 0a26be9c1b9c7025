"""What a message says that depends on a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

_HARMLESS_SHARE = 0.05


def count(number: int, noun: str) -> str:
    """Return "1 row", "2 rows", "1,000 rows"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def was(number: int) -> str:
    """Return "was" for one, "were" for several."""
    return "was" if number == 1 else "were"


def times_of(number: int) -> str:
    """Return "once", "2 times", "1,000 times"."""
    return "once" if number == 1 else f"{number:,} times"


def severity_of(share: float) -> Literal["note", "warning"]:
    """Return how serious it is that so large a share of rows or values is missing."""
    return "note" if share <= _HARMLESS_SHARE else "warning"


def only(names: Sequence[str]) -> str | None:
    """Return the name if there is just one."""
    return names[0] if len(names) == 1 else None


def listed(names: Sequence[str], limit: int = 5) -> str:
    """Return "a, b", or the first names "and more"."""
    return ", ".join(names[:limit]) + (" and more" if len(names) > limit else "")
