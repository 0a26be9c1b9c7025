"""One picture of an experiment as SVG, for pages that cannot hold a script."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from elman.report.formatting import number

if TYPE_CHECKING:
    from elman.experiments.results import ExperimentReport

COLORS = ("#0067a8", "#b8410b", "#007a55", "#8b3f8f", "#7a5f00", "#5b6673", "#c2185b", "#2e7d32")
DASHES = ("", "7 4", "2 3")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 380, 70, 30, 200, 55
"""The picture grows to the right and downwards where the names at its right need more."""
MARK, LINE, LETTER, WRAP = 44, 18, 7.4, 34
"""Pixels before a name, from line to line and, in a wide font, of a letter; letters of a line of a name."""


@dataclass(frozen=True)
class Scale:
    """One axis: a stretch of numbers laid on a stretch of pixels, linear or logarithmic.

    Args:
        low: The smallest number.
        high: The largest number.
        start: Where the smallest lies.
        stop: Where the largest lies.
        is_log: Whether equal factors are equal stretches.
    """

    low: float
    high: float
    start: float
    stop: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return where a number lies; one outside lies on the edge."""
        value = min(max(value, self.low), self.high)
        low, high, value = (
            map(math.log, (self.low, self.high, value)) if self.is_log else (self.low, self.high, value)
        )
        return self.start + (value - low) / ((high - low) or 1) * (self.stop - self.start)

    def ticks(self) -> Iterator[float]:
        """Yield numbers to be marked."""
        if self.is_log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            yield from (10.0**power for power in powers)
        else:
            yield from (self.low + (self.high - self.low) * part / 4 for part in range(5))


def experiment_svg(report: ExperimentReport) -> str:
    """Draw the median score against the length, or, at one length, every trial against its sequences.

    Args:
        report: what the experiment found.
    """
    curves = _by_length(report) if len(report.bars) > 1 else _by_sequences(report)
    x_name = report.length_name if len(report.bars) > 1 else "sequences learned from"
    values = [y for _, points in curves for _, y in points if math.isfinite(y)]
    values += [report.chance, *report.bars.values()]
    floor = max(min(values), 1e-6) if report.lower_is_better else min(0.0, *values)
    ends = [x for _, points in curves for x, _ in points] or [0.0, 1.0]
    across = Scale(min(ends) if len(report.bars) > 1 else 0, max(ends), LEFT, WIDTH - RIGHT)
    up = Scale(floor, max(values), HEIGHT - BOTTOM, TOP, report.lower_is_better)
    names = _wrapped(dict.fromkeys(name for name, _ in curves))
    parts = [*_frame(across, up, x_name, report), *_lines(curves, across, up), *_legend(names)]
    body = "\n".join(parts)
    width, height = _size([line for lines in names.values() for line in lines])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12" fill="#1a2129" role="img" aria-label="{escape(report.title)}">\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


Curve = tuple[str, Sequence[tuple[float, float]]]


def _by_length(report: ExperimentReport) -> list[Curve]:
    rows = list(report.summaries())
    names = dict.fromkeys(one.name for one in rows)
    return [(name, [(one.length, one.score) for one in rows if one.name == name]) for name in names]


def _by_sequences(report: ExperimentReport) -> list[Curve]:
    return [
        (trial.name, [(one.num_sequences, one.score) for one in trial.records]) for trial in report.trials
    ]


def _frame(across: Scale, up: Scale, x_name: str, report: ExperimentReport) -> Iterator[str]:
    yield _text(WIDTH / 2 - RIGHT / 2 + LEFT / 2, HEIGHT - 12, x_name, "middle")
    yield _text(LEFT, TOP - 12, report.score_name, "start")
    for tick in up.ticks():
        y = up.place(tick)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#dde2e7"/>'
        yield _text(LEFT - 6, y + 4, f"{tick:g}" if up.is_log else f"{tick:.3g}", "end")
    for tick in sorted(report.bars) if len(report.bars) > 1 else across.ticks():
        yield _text(across.place(tick), HEIGHT - BOTTOM + 18, f"{tick:,.0f}", "middle")
    for name, value in {"chance": report.chance, "solved": next(iter(report.bars.values()))}.items():
        y = up.place(value)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#5b6673" stroke-dasharray="2 4"/>'
        yield _text(WIDTH - RIGHT - 4, y - 4, f"{name} {number(value)}", "end")


def _lines(curves: Sequence[Curve], across: Scale, up: Scale) -> Iterator[str]:
    names = list(dict.fromkeys(name for name, _ in curves))
    for name, points in curves:
        color, dash = _look(names.index(name))
        places = [(across.place(x), up.place(y)) for x, y in points if math.isfinite(y)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        look = f'fill="none" stroke="{color}" stroke-width="1.8" stroke-dasharray="{dash or "none"}"'
        yield f'<path d="M{path}" {look}/>' if places else ""
        yield "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{color}"/>' for x, y in places[-1:])


def _wrapped(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the lines of each name; long ones are broken behind a comma, where an option ends."""
    wrapped = {}
    for name in names:
        lines = [""]
        for piece in re.findall(r"[^,]+,?\s*", name):
            if lines[-1] and len(lines[-1] + piece) > WRAP:
                lines.append("")
            lines[-1] += piece
        wrapped[name] = [line.strip() for line in lines]
    return wrapped


def _size(lines: Sequence[str]) -> tuple[int, int]:
    """Return how wide and high a picture must be for the lines of its legend."""
    longest = max(map(len, lines), default=0)
    return (
        max(WIDTH, math.ceil(WIDTH - RIGHT + MARK + LETTER * longest)),
        max(HEIGHT, TOP + LINE * len(lines)),
    )


def _legend(names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    x, y = WIDTH - RIGHT + 14, TOP
    for index, lines in enumerate(names.values()):
        color, dash = _look(index)
        yield f'<path d="M{x} {y}h24" stroke="{color}" stroke-width="2" stroke-dasharray="{dash or "none"}"/>'
        for line in lines:
            yield _text(WIDTH - RIGHT + MARK, y + 4, line, "start")
            y += LINE


def _look(index: int) -> tuple[str, str]:
    return COLORS[index % len(COLORS)], DASHES[index // len(COLORS) % len(DASHES)]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
