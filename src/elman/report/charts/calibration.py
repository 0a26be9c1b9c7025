"""Whether the bands hold as often as they promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.report.charts.chart import Chart, Figure
from elman.report.charts.traces import DASHED, DOTTED, Style, axis, line
from elman.report.formatting import finite

if TYPE_CHECKING:
    from elman.tasks.results import CalibrationPoint


def calibration_chart(points: Sequence[CalibrationPoint]) -> Chart:
    """Draw the observed share of truths below each predicted quantile against the nominal one."""
    levels = [point.quantile for point in points]
    perfect = line("perfect", [0, 1], [0, 1], Style("var(--muted)", DOTTED), hoverinfo="skip")
    before = _curve(
        "before calibration", levels, [point.before for point in points], "var(--baseline-1)", DASHED
    )
    after = _curve("after calibration", levels, [point.after for point in points], "var(--network)", "solid")
    share = {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.2, "constrain": "domain"}
    layout = {
        "xaxis": axis("predicted quantile", **share),
        "yaxis": axis("truths below it", **share, scaleanchor="x"),
    }
    return Chart(
        slug="calibration",
        description="Share of truths below each predicted quantile, before and after calibration.",
        caption="On the dotted diagonal a quantile holds as often as it promises; points above it are "
        "predicted too high, points below it too low.",
        view=Figure([perfect, before, after], layout),
        shape="square",
    )


def _curve(name: str, levels: Sequence[float], shares: Sequence[float], color: str, dash: str) -> dict:
    symbol = "circle" if dash == "solid" else "circle-open"
    known = [None if (value := finite(share)) is None else round(value, 4) for share in shares]
    marker = {"size": 8, "symbol": symbol, "color": color}
    return {**line(name, levels, known, Style(color, dash)), "mode": "lines+markers", "marker": marker}
