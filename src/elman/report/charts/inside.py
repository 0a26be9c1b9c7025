"""What gates, activations and states inside a network do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from elman.report.charts.chart import Chart, Figure, choice
from elman.report.charts.traces import axis

if TYPE_CHECKING:
    from elman.tasks.results.inspection import UnitTraces, ValueActivity

_MOST_WRITTEN, _LONGEST_WORD = 80, 12
"""Steps up to which each has its symbol below it, and letters of it that there is room for."""

_FROM_ZERO = [[0, "#eef3f7"], [0.5, "#5b9cc9"], [1, "#00456f"]]
_AROUND_ZERO = [[0, "#a23a00"], [0.5, "#f6f7f8"], [1, "#00568c"]]


def saturation_chart(values: Sequence[ValueActivity]) -> Chart:
    """Draw which share of each gate's and each activation's values stands at either end of its range."""
    layers = list(dict.fromkeys(one.layer for one in values))
    options = [(layer, _shares([one for one in values if one.layer == layer])) for layer in layers]
    return Chart(
        "saturation",
        "Share of the values of each gate and activation at the lower and the upper end of its range.",
        "Of a gate below 0.05 and above 0.95; of a tanh beyond 0.95 at either side; of a relu at 0. There "
        "the slope is small, and little is learned. A gate that stays at one end is held there on purpose, "
        "as a forget gate near 1 is; one that jumps between both is a switch.",
        choice("Layer", options),
    )


def _shares(values: Sequence[ValueActivity]) -> Figure:
    names = [one.name for one in values]
    ends = [
        ("at the lower end", [one.low for one in values], "var(--baseline-1)"),
        ("at the upper end", [one.high for one in values], "var(--network)"),
    ]
    traces = [
        {
            "type": "bar",
            "mode": "none",  # the script of the page asks every trace
            "orientation": "h",
            "name": name,
            "x": [round(share, 4) for share in shares],
            "y": names,
            "marker": {"color": color},
            "hovertemplate": "%{y}: %{x:.1%} " + name + "<extra></extra>",
        }
        for name, shares, color in ends
    ]
    layout = {
        "barmode": "stack",
        "xaxis": axis("share of its values", range=[0, 1], tickformat=".0%"),
        "yaxis": axis("", type="category", autorange="reversed"),
    }
    return Figure(traces, layout)


def trace_chart(traces: Sequence[UnitTraces], steps: Sequence[str]) -> Chart:
    """Draw the units of gates, activations and states along one sequence, a row each.

    Args:
        traces: what is drawn.
        steps: what stands at each step; none where that cannot be said.
    """
    layers = list(dict.fromkeys(one.layer for one in traces))
    options = [
        (layer, choice("Value", [(one.name, _rows(one, steps)) for one in traces if one.layer == layer]))
        for layer in layers
    ]
    return Chart(
        "traces",
        "Values of single units of gates, activations and states along one sequence.",
        "One row is one unit, of those that change most along the sequence; a row that keeps its colour for "
        "long holds on to something.",
        choice("Layer", options),
    )


def _rows(one: UnitTraces, steps: Sequence[str]) -> Figure:
    known = [abs(value) for values in one.values for value in values if value is not None]
    largest = 1.0 if one.kind == "gate" else max(known, default=0.0) or 1.0
    is_signed = one.kind not in ("gate", "exp", "relu")
    trace = {
        "type": "heatmap",
        "mode": "none",  # the script of the page asks every trace
        "name": "",
        "showlegend": False,
        "y": [str(unit) for unit in one.units],
        "z": [list(values) for values in one.values],
        "zmin": -largest if is_signed else 0,
        "zmax": largest,
        "colorscale": _AROUND_ZERO if is_signed else _FROM_ZERO,
        "hovertemplate": "unit %{y}, step %{x}: %{z:.3g}<extra></extra>",
    }
    length = len(one.values[0]) if one.values else 0
    layout = {
        "xaxis": axis("step of the sequence", **_ticks(steps[:length])),
        "yaxis": axis("unit", type="category", autorange="reversed"),
    }
    return Figure([trace], layout)


def _ticks(steps: Sequence[str]) -> dict[str, Any]:
    """Put what stands at the steps below them, where there is room."""
    if not 0 < len(steps) <= _MOST_WRITTEN:
        return {}
    words = ["↵" if step == "\n" else step[:_LONGEST_WORD] for step in steps]
    return {
        "tickvals": list(range(len(words))),
        "ticktext": words,
        "tickangle": 0 if _are_short(words) else 90,
    }


def _are_short(words: Sequence[str]) -> bool:
    return max(map(len, words)) < 3
