"""The results of a run in its folder, from which its report can be drawn again."""

from __future__ import annotations

import polars as pl

from elman.tasks.results import ClassificationReport, FlowPoint, Influence, ReliabilityPoint
from elman.tasks.saved import RESULTS, reading_results, write_results
from elman.training.files import write_frame
from elman.training.run import RunDirectory

FILES = ("predictions.parquet", "predictions.csv", RESULTS)


def save_report(report: ClassificationReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again.

    Raises:
        RunError: a file cannot be written.
    """
    write_frame(directory / "predictions.parquet", report.predictions)
    write_frame(directory / "predictions.csv", report.predictions)
    write_results(report, directory, tables=["predictions"])


def load_report(directory: RunDirectory) -> ClassificationReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    with reading_results(directory) as values:
        return ClassificationReport(
            **{
                **values,
                "predictions": pl.read_parquet(directory / "predictions.parquet"),
                "reliability": [ReliabilityPoint(**one) for one in values["reliability"]],
                "influence": Influence(**values["influence"]),
                "flow": [FlowPoint(**one) for one in values.get("flow", ())],
            }
        )
