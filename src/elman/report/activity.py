"""A text coloured by what one unit of a network puts out while it reads it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isfinite

from elman.report.markup import Html, element

NUM_LEVELS = 4
STYLE = "white-space:pre-wrap;overflow-wrap:anywhere"
_BLUE, _ORANGE = "0,103,168", "214,94,0"


def levels_of(values: Sequence[float]) -> list[int]:
    """Return each value as -4 to 4 quarters of the largest; 0 for one that is not finite.

    Example:
        >>> levels_of([0.1, -0.8, 0.4, float("nan")])
        [0, -4, 2, 0]
    """
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0) or 1.0
    return [round(NUM_LEVELS * value / largest) if isfinite(value) else 0 for value in values]


def coloured(symbols: Sequence[str], levels: Sequence[int], unit: str) -> list[Html]:
    """Return text with a background for each level; neighbours of one level share an element.

    Args:
        symbols: of the text, in order.
        levels: -4 to 4, one a symbol.
        unit: "word" parts the symbols by spaces.

    Example:
        >>> coloured(["a", "<", "b"], [0, 4, 4], "character")
        ['<span>a</span>', '<span style="background:rgba(0,103,168,0.60)">&lt;b</span>']
    """
    between = " " if unit == "word" else ""
    parts = []
    for level, run in groupby(zip(symbols, levels, strict=True), lambda pair: pair[1]):
        text = between.join(symbol for symbol, _ in run) + between
        color = _BLUE if level > 0 else _ORANGE
        style = f"background:rgba({color},{0.15 * abs(level):.2f})" if level else None
        parts.append(element("span", text, style=style))
    return parts


def unit_text(
    number: int, symbols: Sequence[str], values: Sequence[float], unit: str, *, is_open: bool
) -> Html:
    """Write a coloured text that folds below the number of its unit.

    Args:
        number: of the unit.
        symbols: of the text.
        values: that the unit puts out, one a symbol.
        unit: "character", "byte" or "word".
        is_open: whether it is shown at once.
    """
    text = element("pre", coloured(symbols, levels_of(values), unit), style=STYLE)
    return element("details", element("summary", f"Unit {number}"), text, open=is_open)
