"""The results of a language model's run in its folder, from which its report can be drawn again."""

from __future__ import annotations

from elman.tasks.results import FlowPoint
from elman.tasks.results.text import Sample, TextReport, UnitActivity
from elman.tasks.saved import reading_results, write_results
from elman.training.run import RunDirectory


def save_report(report: TextReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again.

    Raises:
        RunError: a file cannot be written.
    """
    write_results(report, directory)


def load_report(directory: RunDirectory) -> TextReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    with reading_results(directory) as values:
        return TextReport(
            **{
                **values,
                "samples": [Sample(**one) for one in values["samples"]],
                "activities": [UnitActivity(**one) for one in values["activities"]],
                "flow": [FlowPoint(**one) for one in values.get("flow", ())],
            }
        )
