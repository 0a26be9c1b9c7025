"""Words of messages that depend on a number."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """Return "1 row", "2 rows", "1,000 rows"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def was(number: int) -> str:
    """Return "was" for one, "were" for several."""
    return "was" if number == 1 else "were"


def times_of(number: int) -> str:
    """Return "once", "2 times", "1,000 times"."""
    return "once" if number == 1 else f"{number:,} times"
