"""How far gradients reach in each network of an experiment, before and after learning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from statistics import median
from typing import TYPE_CHECKING, Any

from elman.report.charts.chart import Chart, Figure, Trace, choice
from elman.report.charts.traces import Style, axis, line

if TYPE_CHECKING:
    from elman.experiments.results import ExperimentReport, GradientGain

PANELS = {"before learning": ("x", "fresh"), "after learning": ("x2", "trained")}
SMALLEST, LARGEST = 1e-12, 1e6  # beyond, a gradient is lost beside others, or nothing learns
MARGIN = 2.0  # a factor, so that a line along the edge is seen


def gain_chart(report: ExperimentReport, styles: Mapping[str, Style]) -> Chart:
    """Draw what is left of a push to the state against the lag, in the fresh and in the trained networks."""
    lengths = sorted({trial.length for trial in report.trials if trial.gain})
    options = [(str(length), _figure(report, length, styles)) for length in lengths]
    return Chart(
        "gradients",
        "Size of the gradient of the last state by the states before it, before and after learning.",
        "What is left of a small push to the state so many steps later: the norm of the gradient of the last "
        "state by the state at that lag, 1 at lag 0; the median over the seeds. Where a line has fallen to "
        "next to nothing the gradient has vanished, and nothing that lies so far back is learned from; a "
        "network that holds on to what it knows by saturating looks like that, too. Where a line climbs far "
        "above 1, the gradient explodes.",
        choice(report.length_name.capitalize(), options, len(options) - 1),
    )


def _figure(report: ExperimentReport, length: int, styles: Mapping[str, Style]) -> Figure:
    gains: dict[str, list[GradientGain]] = {}
    for trial in report.trials:
        if trial.gain and trial.length == length:
            gains.setdefault(trial.name, []).append(trial.gain)
    traces = [
        line(name, _lags(found), _medians([getattr(one, field) for one in found]), styles[name], xaxis=panel,
             legendgroup=name, showlegend=panel == "x")
        for panel, field in PANELS.values()
        for name, found in gains.items()
    ]  # fmt: skip
    return Figure(traces, _layout(traces))


def _lags(gains: Sequence[GradientGain]) -> Sequence[int]:
    """Return the lags of the shortest; sequences drawn with another seed may be longer."""
    return min((one.lags for one in gains), key=len)


def _medians(curves: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Return the median at each lag; a log axis has no zero."""
    known = ([one for one in values if one is not None] for values in zip(*curves, strict=False))
    return [(median(values) or None) if values else None for values in known]


def _layout(traces: Sequence[Trace]) -> dict[str, Any]:
    shown = [one for trace in traces for one in trace["y"] if one]
    low = max(min(shown, default=1.0), SMALLEST) / MARGIN
    high = min(max(shown, default=1.0), LARGEST) * MARGIN
    scale = {"type": "log", "range": [log10(low), log10(high)], "exponentformat": "power"}
    return {
        "xaxis": axis("lag, steps", domain=[0, 0.48]),
        "xaxis2": axis("lag, steps", domain=[0.52, 1], matches="x"),
        "yaxis": axis("share left", **scale, domain=[0, 0.93]),
        "annotations": list(_titles()),
        "hovermode": "x",
    }


def _titles() -> Iterator[dict[str, Any]]:
    for text, (panel, _) in PANELS.items():
        across = {"xref": f"{panel} domain", "x": 0, "xanchor": "left"}
        up = {"yref": "y domain", "y": 1, "yanchor": "bottom"}
        yield {"text": text, "showarrow": False, **across, **up}
