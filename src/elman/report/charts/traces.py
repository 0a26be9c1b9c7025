"""The marks that all charts are drawn with, each a plotly.js trace or a piece of layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from elman.report.charts.chart import Trace
from elman.report.formatting import moment

MAX_TEXT = 40
DASHED = "6px,4px"
DOTTED = "2px,3px"


@dataclass(frozen=True)
class Style:
    """How one model's line looks in every chart.

    Args:
        color: a colour of the style sheet, `var(--name)`.
        dash: lengths of strokes and spaces, so that lines differ without colour too.
        width: in pixels.
    """

    color: str
    dash: str = "solid"
    width: float = 1.5


OBSERVED = Style("var(--observed)")
NETWORK = Style("var(--network)", width=2.5)
BASELINES = tuple(
    Style(f"var(--baseline-{index})", dash)
    for index, dash in enumerate((DASHED, DOTTED, "8px,3px,2px,3px", "12px,5px"), start=1)
)


def baseline_styles(names: Iterable[str]) -> dict[str, Style]:
    """Give each baseline the style it keeps in every chart of a page."""
    return {name: BASELINES[index % len(BASELINES)] for index, name in enumerate(dict.fromkeys(names))}


def short(text: str) -> str:
    """Cut text to what fits beside a chart."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def line(name: str, x: Sequence[Any], y: Sequence[float | None], style: Style, **more: Any) -> Trace:
    """Draw a line; missing values break it, and a single point is shown as a dot."""
    look = {"color": style.color, "width": style.width, "dash": style.dash}
    alone = sum(value is not None for value in y) == 1
    mode = "lines+markers" if alone else "lines"
    return {"type": "scatter", "mode": mode, "name": short(name), "x": x, "y": y, "line": look, **more}


def dots(name: str, x: Sequence[Any], y: Sequence[float | None], color: str, **more: Any) -> Trace:
    """Draw points without a line."""
    marker = {"color": color, **more.pop("marker", {})}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": short(name),
        "x": x,
        "y": y,
        "marker": marker,
        **more,
    }


def band(name: str, x: Sequence[Any], lower: Sequence[Any], upper: Sequence[Any], color: str) -> Trace:
    """Fill the area between two lines."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": short(name),
        "x": [*x, *reversed(x)],
        "y": [*upper, *reversed(lower)],
        "fill": "toself",
        "fillcolor": color,
        # A horizon of one step has no area; its outline still shows.
        "line": {"color": color, "width": 2 if len(x) == 1 else 0},
        "hoverinfo": "skip",
    }


def spans(name: str, intervals: Iterable[tuple[Any, Any]], color: str, *, edge: float = 0) -> Trace:
    """Shade stretches of the x axis from bottom to top, all of them one trace on `yaxis2`.

    Args:
        name: legend entry.
        intervals: (first, last) on the x axis.
        color: of the area.
        edge: width in pixels of an outline, so that a stretch narrower than a pixel is seen.
    """
    x: list[Any] = []
    y: list[float | None] = []
    for first, last in intervals:
        x += [first, first, last, last, None]
        y += [0, 1, 1, 0, None]
    look = {"color": color, "width": edge}
    area = {"fill": "toself", "fillcolor": color, "line": look, "yaxis": "y2", "hoverinfo": "skip"}
    return {"type": "scatter", "mode": "lines", "name": short(name), "x": x, "y": y, **area}


def axis(title: str, **more: Any) -> Mapping[str, Any]:
    """Describe an axis."""
    return {"title": {"text": short(title)}, **more}


def axes_over_spans(title: str, traces: Sequence[Trace]) -> dict[str, Any]:
    """Describe the y axis of a chart with `spans`, which lie below it so that no shading covers a line."""
    if not any(trace.get("yaxis") == "y2" for trace in traces):
        return {"yaxis": axis(title)}
    below = {"range": [0, 1], "visible": False, "fixedrange": True}
    return {"yaxis": axis(title, overlaying="y2", tickmode="auto"), "yaxis2": below}


def time_axis(times: Sequence[Any]) -> Mapping[str, Any]:
    """Describe the axis of some time stamps, which may be dates or counts."""
    first = times[0] if times else None
    if not isinstance(first, date):
        return axis("time step", type="linear")
    zone = getattr(first, "tzinfo", None)
    return axis(f"time ({zone})" if zone else "", type="date")


def moments(times: Iterable[Any]) -> list[str | int | float]:
    """Return time stamps as the axis of `time_axis` reads them."""
    return [moment(time) for time in times]
