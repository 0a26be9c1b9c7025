"""The table of how far gradients reach: one row for each network at each length."""

from __future__ import annotations

from itertools import groupby
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING

from elman.report.markup import Html
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.experiments.results import ExperimentReport, GradientGain

HEADER = ("network", "length", "reach before learning", "reach after learning")


def gain_table(report: ExperimentReport) -> Html:
    """Write the table."""
    caption = (
        f"Reach: the first lag, in steps, at which less than a hundredth is left of a push to the state; the "
        f"median over the seeds. Length: {report.length_name}."
    )
    order = list(dict.fromkeys(trial.name for trial in report.trials))
    known = [(trial.length, order.index(trial.name), trial.gain) for trial in report.trials if trial.gain]
    known.sort(key=lambda one: one[:2])
    groups = groupby(known, key=lambda one: one[:2])
    rows = [
        row(order[index], [str(length), *_reaches([gain for *_, gain in group])])
        for (length, index), group in groups
    ]
    return table(caption, HEADER, rows)


def _reaches(gains: list[GradientGain]) -> list[str]:
    """Return the median reach before and after learning, as text."""
    most = max(one.lags[-1] for one in gains)
    found = [
        median(one.reach(one.fresh) for one in gains),
        median(one.reach(one.trained) for one in gains),
    ]
    return [f"{reach:,.0f}" if isfinite(reach) else f"more than {most:,}" for reach in found]
