"""A text with what one unit of a network puts out while reading it: colours on a terminal, else digits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from elman.report.activity import levels_of

if TYPE_CHECKING:
    from elman.tasks.results.inspection import Passage

_BLUES, _ORANGES = (153, 111, 75, 33), (223, 216, 208, 202)
"""Of the 256 colours of a terminal, from the faintest to the strongest; black can be read on all."""
_WIDTH = 76
_NEWLINE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"

Pair = tuple[str, int]
"""A symbol and its level."""


def print_passage(passage: Passage) -> None:
    """Print a text and, in words, what its colours or digits mean."""
    values = passage.activity.values
    is_coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    meaning = (
        "blue is positive, orange negative"
        if is_coloured
        else "below each line, 1 to 4 quarters of the largest, positive (+) and negative (-)"
    )
    print(
        f"{passage.part} part, {len(values)} {passage.unit}s, unit {passage.activity.unit}: "
        f"{min(values):.3f} to {max(values):.3f}; {meaning}\n"
    )
    for line in _lines(passage.symbols, levels_of(values), passage.unit):
        print(_colour(line) if is_coloured else "\n".join(_write(line)))


def _lines(symbols: Sequence[str], levels: Sequence[int], unit: str) -> Iterator[list[Pair]]:
    """Cut a text where its lines end, and where a line is full."""
    line: list[Pair] = []
    width = 0
    for symbol, level in zip(symbols, levels, strict=True):
        shown = _NEWLINE if symbol == "\n" else _printable(symbol) + " " * (unit == "word")
        if line and width + len(shown) > _WIDTH:
            yield line
            line, width = [], 0
        line.append((shown, level))
        width += len(shown)
        if symbol == "\n":
            yield line
            line, width = [], 0
    if line:
        yield line


def _printable(symbol: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{MIDDLE DOT}" for letter in symbol)


def _colour(line: list[Pair]) -> str:
    """Write a line for a terminal; text on a colour is black, whatever the terminal's own colours."""
    parts = []
    for symbol, level in line:
        shade = (_BLUES if level > 0 else _ORANGES)[abs(level) - 1]
        parts.append(f"\x1b[30;48;5;{shade}m{symbol}\x1b[0m" if level else symbol)
    return "".join(parts)


def _write(line: list[Pair]) -> Iterator[str]:
    """Write a line, and below it a digit for each symbol, on a line for each sign that there is."""
    yield "  " + "".join(symbol for symbol, _ in line).rstrip()
    for sign, factor in (("+", 1), ("-", -1)):
        digits = "".join(
            (str(level * factor) if level * factor > 0 else " ").ljust(len(symbol)) for symbol, level in line
        )
        if digits.strip():
            yield f"{sign} {digits.rstrip()}"
