"""The numbers behind a chart, for reading aloud, copying and printing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from elman.report.formatting import number, percent
from elman.report.markup import Html, element
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.tasks.results import CalibrationPoint


def error_table(error_by_step: Mapping[str, Sequence[float]]) -> Html:
    """Write the error of every model at every step, folded."""
    steps = range(max(map(len, error_by_step.values())))
    rows = [
        row(
            step + 1,
            [number(errors[step] if step < len(errors) else None) for errors in error_by_step.values()],
        )
        for step in steps
    ]
    numbers = table("Mean absolute error at each step ahead.", ["steps ahead", *error_by_step], rows)
    return element("details", element("summary", "The numbers"), numbers)


def calibration_table(points: Sequence[CalibrationPoint]) -> Html:
    """Write the observed share below each quantile."""
    rows = [
        row(f"{100 * point.quantile:g} %", [percent(point.before), percent(point.after)]) for point in points
    ]
    caption = "Share of truths that fell below each predicted quantile."
    return table(caption, ["quantile", "before calibration", "after"], rows)
