"""What an inspection found, as tables and lists: findings with what helps, figures of each layer."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from elman.report.formatting import number, percent
from elman.report.markup import Html, element
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.diagnostics.finding import Finding
    from elman.tasks.results.inspection import InspectionReport, StepStretch, ValueActivity

_HALF = 0.5


def diagnosis_list(findings: Sequence[Finding], task_lag: int) -> Html:
    """Write what keeps the network from learning more, and what usually helps.

    Args:
        findings: none is good news.
        task_lag: how many steps back the task looks.
    """
    if not findings:
        return element("p", f"Nothing is wrong: gradients reach {task_lag:,} steps back, and units can move.")
    return element("ul", [_item(one) for one in findings], class_="findings")


def _item(finding: Finding) -> Html:
    return element(
        "li",
        element("p", element("b", finding.severity, class_="severity"), " ", finding.message),
        element("p", "Helps: ", "; ".join(finding.remedies), "."),
        element("p", element("span", "more in ", element("code", finding.page)), class_="where"),
        class_="note" if finding.severity == "note" else "warning",
    )


def layer_table(report: InspectionReport) -> Html:
    """Write what one step of each layer does, and how long it remembers."""
    stretches = {one.layer: one for one in report.stretches}
    recalls = {one.layer: one for one in report.recalls}
    rows = []
    for one in report.reaches:
        recall, most = recalls.get(one.layer), len(one.gain) - 1
        horizon = f"more than {most:,}" if one.horizon is None else f"{one.horizon:,}"
        kept = [_half_read(recall.r2), number(recall.total, 1)] if recall else ["–", "–"]
        rows.append(row(one.layer, [*_means(stretches.get(one.layer)), horizon, *kept]))
    caption = (
        "Of one step: the mean spectral radius and largest singular value. Horizon: the first lag at which "
        "less than a hundredth is left of a push to the state. Recall: the last lag at which half of a "
        "random signal can be read. Capacity: the sum of its R² over the lags."
    )
    header = ["layer", "spectral radius", "singular value", "horizon, steps", "recall, steps", "capacity"]
    return table(caption, header, rows)


def _means(stretch: StepStretch | None) -> list[str]:
    if stretch is None:
        return ["–", "–"]
    known = [[one for one in values if one is not None] for values in (stretch.radius, stretch.largest)]
    return [number(fmean(values), 3) if values else "–" for values in known]


def _half_read(r2: Sequence[float]) -> str:
    lags = [lag for lag, share in enumerate(r2) if share >= _HALF]
    return f"{lags[-1]:,}" if lags else "none"


def value_table(values: Sequence[ValueActivity]) -> Html:
    """Write the mean of each gate and activation, and how much of it stands at the ends of its range."""
    rows = [
        row(f"{one.layer}, {one.name}", [number(one.mean, 3), percent(one.low), percent(one.high)])
        for one in values
    ]
    numbers = table("Means, and shares at either end.", ["value", "mean", "lower end", "upper end"], rows)
    return element("details", element("summary", "The numbers"), numbers)
