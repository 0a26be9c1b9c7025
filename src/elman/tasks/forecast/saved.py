"""The results of a run in its folder, from which its report can be drawn again."""

from __future__ import annotations

from typing import cast

import polars as pl

from elman.tasks.results import CalibrationPoint, FlowPoint, ForecastReport, SeriesHistory
from elman.tasks.saved import RESULTS, reading_results, write_results
from elman.training.files import write_frame
from elman.training.run import RunDirectory

FILES = ("forecasts.parquet", "forecasts.csv", "history.parquet", RESULTS)


def save_report(report: ForecastReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again.

    Raises:
        RunError: a file cannot be written.
    """
    write_frame(directory / "forecasts.parquet", report.forecasts)
    write_frame(directory / "forecasts.csv", report.forecasts)
    write_frame(directory / "history.parquet", pl.concat([_history_frame(one) for one in report.history]))
    write_results(report, directory, tables=["forecasts", "history"])


def load_report(directory: RunDirectory) -> ForecastReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    with reading_results(directory) as values:
        return ForecastReport(
            **{
                **values,
                "history": _histories(pl.read_parquet(directory / "history.parquet")),
                "forecasts": pl.read_parquet(directory / "forecasts.parquet"),
                "calibration": [CalibrationPoint(**one) for one in values["calibration"]],
                "flow": [FlowPoint(**one) for one in values.get("flow", ())],
            }
        )


def _history_frame(one: SeriesHistory) -> pl.DataFrame:
    lengths = {
        "training": one.validation_start,
        "validation": one.test_start - one.validation_start,
        "test": len(one.times) - one.test_start,
    }
    return pl.DataFrame(
        {
            "series": pl.Series([one.name] * len(one.times), dtype=pl.String),
            "time": one.times,
            "value": pl.Series(one.values, dtype=pl.Float64),
            "part": [part for part, length in lengths.items() for _ in range(length)],
        }
    )


def _histories(frame: pl.DataFrame) -> list[SeriesHistory]:
    return [
        SeriesHistory(
            name=cast("str | None", name),
            times=part["time"].to_list(),
            values=part["value"].to_list(),
            validation_start=part.filter(pl.col("part") == "training").height,
            test_start=part.filter(pl.col("part") != "test").height,
        )
        for (name,), part in frame.group_by(["series"], maintain_order=True)
    ]
