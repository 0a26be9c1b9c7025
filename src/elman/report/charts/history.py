"""The data: its parts and its gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from elman.report.charts.chart import Chart, Figure, Trace, choice
from elman.report.charts.traces import OBSERVED, Style, axes_over_spans, dots, line, moments, spans, time_axis
from elman.report.formatting import count, finite, moment, rounded
from elman.report.sampling import gaps, isolated, thin

if TYPE_CHECKING:
    from elman.tasks.results import SeriesHistory

MAX_POINTS = 3000


def history_chart(history: Sequence[SeriesHistory], target: str) -> Chart:
    """Draw the observed values, the validation and test parts shaded and the gaps marked."""
    options = [(series.name or "the series", _figure(series, target)) for series in history]
    thinned = any(len(series.values) > MAX_POINTS for series in history)
    long = (
        f" Long series are thinned to the smallest and the largest value of each of {MAX_POINTS // 2:,} "
        "equal stretches, so that every peak stays."
    )
    return Chart(
        slug="history",
        description=f"Observed values of {target}, the validation and test parts shaded, gaps marked.",
        caption="The network learned from the part without shading, was tuned on the validation part and "
        "judged on the test part; a red stripe is a stretch without values." + (long if thinned else ""),
        view=choice("Series", options),
    )


def gap_summary(series: SeriesHistory) -> str:
    """Say in one sentence how much of a series is missing."""
    values = [finite(value) for value in series.values]
    runs = gaps(values)
    name = f"{series.name}: " if series.name is not None else ""
    if not runs:
        return f"{name}{count(len(values), 'time step')}, none missing."
    first, last = max(runs, key=lambda run: run[1] - run[0])
    begin, end = moment(series.times[first]), moment(series.times[last])
    missing = sum(stop - start + 1 for start, stop in runs)
    return (
        f"{name}{count(len(values), 'time step')}, {missing:,} of them missing in {count(len(runs), 'gap')}; "
        f"the longest has {count(last - first + 1, 'step')}, "
        + (f"at {begin}." if first == last else f"from {begin} to {end}.")
    )


def gap_trace(times: Sequence[Any], values: Sequence[float | None]) -> list[Trace]:
    """Shade every gap from the last value before it to the first one after it; nothing if there is none."""
    last = len(times) - 1
    intervals = [(times[max(start - 1, 0)], times[min(stop + 1, last)]) for start, stop in gaps(values)]
    return [spans("no value", intervals, "var(--gap)", edge=1)] if intervals else []


def lone_dots(times: Sequence[Any], values: Sequence[float | None]) -> list[Trace]:
    """Draw values between two gaps, which the line cannot show."""
    alone = isolated(values)
    x, y = [times[index] for index in alone], [values[index] for index in alone]
    look = {"marker": {"size": 4}, "showlegend": False}
    return [dots("observed", x, y, OBSERVED.color, **look)] if alone else []


def _figure(series: SeriesHistory, target: str) -> Figure:
    times = moments(series.times)
    values = [finite(value) for value in series.values]
    kept = thin(values, MAX_POINTS)
    x, y = [times[index] for index in kept], rounded([values[index] for index in kept])
    thick = Style(OBSERVED.color, width=1)
    traces = [
        *_parts(series, times),
        *gap_trace(times, values),
        line("observed", x, y, thick),
        *lone_dots(x, y),
    ]
    layout = {"xaxis": time_axis(series.times), **axes_over_spans(target, traces)}
    return Figure(traces, layout)


def _parts(series: SeriesHistory, times: Sequence[Any]) -> list[Trace]:
    bounds = [
        ("validation part", series.validation_start, series.test_start, "var(--validation)"),
        ("test part", series.test_start, len(times), "var(--test)"),
    ]
    return [
        spans(name, [(times[start], times[min(stop, len(times) - 1)])], color)
        for name, start, stop, color in bounds
        if 0 <= start < stop and start < len(times)
    ]
