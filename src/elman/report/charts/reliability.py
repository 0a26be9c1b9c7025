"""Whether a class is right as often as its probability says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.report.charts.chart import Chart, Figure
from elman.report.charts.traces import DOTTED, NETWORK, Style, axis, line

if TYPE_CHECKING:
    from elman.tasks.results import ReliabilityPoint


def reliability_chart(points: Sequence[ReliabilityPoint]) -> Chart:
    """Draw accuracy against confidence; the size of a point tells how many sequences it stands for."""
    largest = max((point.count for point in points), default=1)
    sizes = [round(6 + 18 * (point.count / largest) ** 0.5, 1) for point in points]
    perfect = line("perfect", [0, 1], [0, 1], Style("var(--muted)", DOTTED), hoverinfo="skip")
    x, y = ([round(one, 4) for one in column] for column in _columns(points))
    found = {
        **line("found", x, y, NETWORK),
        "mode": "lines+markers",
        "marker": {"size": sizes, "color": NETWORK.color},
        "customdata": [point.count for point in points],
        "hovertemplate": "confidence %{x:.1%}, right %{y:.1%}, %{customdata} sequences<extra></extra>",
    }
    share = {"range": [-0.02, 1.04], "tickformat": ".0%", "dtick": 0.2, "constrain": "domain"}
    layout = {
        "xaxis": axis("probability of the class given", **share),
        "yaxis": axis("share of right ones", **share, scaleanchor="x"),
    }
    return Chart(
        slug="reliability",
        description="Share of right classes against the probability they were given.",
        caption="On the dotted diagonal a class is right as often as its probability says; below it the "
        "classifier is too sure.",
        view=Figure([perfect, found], layout),
        shape="square",
    )


def _columns(points: Sequence[ReliabilityPoint]) -> tuple[list[float], list[float]]:
    return [point.confidence for point in points], [point.accuracy for point in points]
