"""The results of a run in its folder, from which its report can be drawn again."""

from __future__ import annotations

from elman.tasks.results import FlowPoint
from elman.tasks.results.tag import SpanRow, TaggedSequence, TagReport
from elman.tasks.saved import reading_results, write_results
from elman.training.run import RunDirectory


def save_report(report: TagReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again.

    Raises:
        RunError: a file cannot be written.
    """
    write_results(report, directory)


def load_report(directory: RunDirectory) -> TagReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    with reading_results(directory) as values:
        return TagReport(
            **{
                **values,
                "spans": [SpanRow(**one) for one in values["spans"]],
                "examples": [TaggedSequence(**one) for one in values["examples"]],
                "hardest": [TaggedSequence(**one) for one in values["hardest"]],
                "flow": [FlowPoint(**one) for one in values.get("flow", ())],
            }
        )
