"""Small plots as SVG: panels side by side, a logarithmic y axis, a legend below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, GAP, TOP, BOTTOM = 260, 200, 60, 30, 45
# Told apart with any kind of sight: Okabe and Ito (2008).
COLORS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


@dataclass(frozen=True)
class Line:
    """A line, or a dot if it has one point.

    Args:
        name: In the legend.
        points: x and y; y is above zero.
    """

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """A pair of axes.

    Args:
        title: Above it.
        x_title: Below it.
        lines: What is drawn.
        is_x_log: Whether x is logarithmic, too.
    """

    title: str
    x_title: str
    lines: Sequence[Line]
    is_x_log: bool = False


def draw(panels: Sequence[Panel]) -> str:
    """Return the panels as one SVG; equal names have equal colours."""
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    colors = {name: COLORS[place % len(COLORS)] for place, name in enumerate(names)}
    rows = math.ceil(len(names) / 4)
    width, height = len(panels) * (WIDTH + GAP) + 10, TOP + HEIGHT + BOTTOM + 18 * rows
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11"><rect width="{width}" height="{height}" fill="#ffffff"/>'
    ]
    for place, panel in enumerate(panels):
        parts += _panel(panel, GAP + place * (WIDTH + GAP), colors)
    for place, name in enumerate(names):
        x, y = GAP + place % 4 * (width - GAP) / 4, TOP + HEIGHT + BOTTOM + 18 * (place // 4)
        parts.append(f'<rect x="{x:.1f}" y="{y}" width="12" height="4" fill="{colors[name]}"/>')
        parts.append(_text(name, x + 17, y + 6, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, left: float, colors: dict[str, str]) -> list[str]:
    points = [point for line in panel.lines for point in line.points]
    xs = [_place(x, panel.is_x_log) for x, _ in points]
    ys = [math.log10(y) for _, y in points]
    low_x, high_x = (min(xs), max(xs)) if panel.is_x_log else (0.0, 1.05 * max(xs))
    low_y, high_y = math.floor(min(ys)), max(math.ceil(max(ys)), math.floor(min(ys)) + 1)

    def at(x: float, y: float) -> tuple[float, float]:
        share_x = (_place(x, panel.is_x_log) - low_x) / (high_x - low_x or 1)
        share_y = (math.log10(y) - low_y) / (high_y - low_y)
        return left + WIDTH * share_x, TOP + HEIGHT * (1 - share_y)

    middle = left + WIDTH / 2
    parts = [
        _text(panel.title, middle, TOP - 12, "middle"),
        _text(panel.x_title, middle, TOP + HEIGHT + 32, "middle"),
    ]
    for power in range(low_y, high_y + 1, max(1, (high_y - low_y) // 5)):
        _, y = at(10**low_x if panel.is_x_log else low_x, 10.0**power)
        parts.append(f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="#dddddd"/>')
        parts.append(_text(f"1e{power}", left - 5, y + 4, "end"))
    for tick in _ticks(low_x, high_x, panel.is_x_log):
        x, _ = at(tick, 10.0**low_y)
        parts.append(_text(f"{tick:g}", x, TOP + HEIGHT + 15, "middle"))
    for line in panel.lines:
        places = [at(x, y) for x, y in line.points]
        if len(places) == 1:
            ((x, y),) = places
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colors[line.name]}"/>')
        elif places:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            parts.append(f'<path d="M{path}" fill="none" stroke="{colors[line.name]}" stroke-width="1.8"/>')
    return parts


def _text(text: str, x: float, y: float, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _place(x: float, is_log: bool) -> float:
    return math.log10(x) if is_log else x


def _ticks(low: float, high: float, is_log: bool) -> list[float]:
    if is_log:
        return [10.0**power for power in range(math.ceil(low), math.floor(high) + 1)]
    step = 10.0 ** math.floor(math.log10(high / 2))
    step *= next(factor for factor in (1, 2, 5, 10) if high / (step * factor) <= 5)
    return [step * number for number in range(int(high / step) + 1)]
