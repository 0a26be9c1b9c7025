"""The table of an experiment: one row for each network at each length."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from elman.report.formatting import NOT_AVAILABLE, duration, number
from elman.report.markup import Html
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.experiments.results import ExperimentReport, Summary

FAR_OFF = 1e6
HEADER = ("network", "length", "parameters", "solved", "median score", "scores", "sequences", "time")


def experiment_table(report: ExperimentReport) -> Html:
    """Write the table."""
    rows = [row(cells[0], cells[1:]) for cells in map(summary_cells, report.summaries())]
    length, score = report.length_name, report.score_name
    caption = (
        f"Length: {length}. Score: {score} on test sequences. Sequences: the median of the trials that "
        "solved it. Time: of learning, the median of all."
    )
    return table(caption, HEADER, rows)


def summary_cells(summary: Summary) -> list[str]:
    """Return the cells of one row, as text."""
    needed = summary.num_sequences
    return [
        summary.name,
        str(summary.length),
        f"{summary.num_parameters:,}",
        f"{summary.num_solved} of {len(summary.scores)}",
        _score(summary.score),
        ", ".join(map(_score, summary.scores)),
        NOT_AVAILABLE if needed is None else f"{needed:,.0f}",
        duration(summary.seconds),
    ]


def _score(value: float) -> str:
    """Write a score; the error of a network that explodes has more digits than anyone reads."""
    return f"{value:.1e}" if FAR_OFF <= abs(value) < inf else number(value)
