"""Which steps and channels moved the class that was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman.report.charts.chart import Chart, Figure
from elman.report.charts.traces import axis, short

if TYPE_CHECKING:
    from elman.tasks.results import Influence

_MOST_CHANNELS = 40


def influence_chart(influence: Influence) -> Chart:
    """Draw the mean size of the input gradients over relative time, the strongest channels first."""
    pairs = sorted(zip(influence.channels, influence.by_time, strict=True), key=lambda pair: -sum(pair[1]))
    shown = pairs[:_MOST_CHANNELS]
    stretches = len(shown[0][1]) if shown else 0
    trace = {
        "type": "heatmap",
        "mode": "none",  # the script of the page asks every trace
        "name": "",
        "showlegend": False,
        "x": [round((at + 0.5) / stretches, 4) for at in range(stretches)],
        "y": [short(name) for name, _ in shown],
        "z": [list(values) for _, values in shown],
        "zmin": 0,
        "colorscale": [[0, "#eef3f7"], [0.5, "#5b9cc9"], [1, "#00456f"]],
        "hovertemplate": "%{y}, at %{x:.0%} of the sequence: %{z:.3g}<extra></extra>",
    }
    layout = {
        "xaxis": axis("place in the sequence", tickformat=".0%", range=[0, 1]),
        "yaxis": axis("", type="category", autorange="reversed", dtick=1),
    }
    return Chart(
        slug="influence",
        description="Mean size of the gradient of the class given, of each channel over the sequence.",
        caption="How much the log-probability of the class given moves if a channel moves by one standard "
        "deviation there: mean size of the recurrent branch's gradient over the sequences.",
        view=Figure([trace], layout),
    )
