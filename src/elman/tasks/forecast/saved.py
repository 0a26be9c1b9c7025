"""The results of a run in its folder, from which its report can be drawn again."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any, cast

import polars as pl

from elman.data.findings import Finding
from elman.errors import RunError
from elman.tasks.results import (
    CalibrationPoint,
    FlowPoint,
    ForecastReport,
    SeriesHistory,
)
from elman.tasks.saved import read_score_table, require_finished
from elman.training import EvaluationRecord
from elman.training.files import write_bytes, write_frame
from elman.training.run import RunDirectory

FILES = ("forecasts.parquet", "forecasts.csv", "history.parquet", "evaluation.json")

_AS_TABLES = ("forecasts", "history")


def save_report(report: ForecastReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again.

    Raises:
        RunError: a file cannot be written.
    """
    write_frame(directory / "forecasts.parquet", report.forecasts)
    write_frame(directory / "forecasts.csv", report.forecasts)
    write_frame(directory / "history.parquet", pl.concat([_history_frame(one) for one in report.history]))
    rest = {one.name: getattr(report, one.name) for one in fields(report) if one.name not in _AS_TABLES}
    values = json.dumps(rest, default=_plain, ensure_ascii=False, indent=1)
    # Written last: it says that the rest is there.
    write_bytes(directory / "evaluation.json", values.encode())


def load_report(directory: RunDirectory) -> ForecastReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    require_finished(directory, "evaluation.json")
    try:
        values = json.loads((directory / "evaluation.json").read_text(encoding="utf-8"))
        return ForecastReport(
            **{
                **values,
                "history": _histories(pl.read_parquet(directory / "history.parquet")),
                "forecasts": pl.read_parquet(directory / "forecasts.parquet"),
                "scores": [read_score_table(entry) for entry in values["scores"]],
                "calibration": [CalibrationPoint(**entry) for entry in values["calibration"]],
                "flow": [FlowPoint(**entry) for entry in values.get("flow", ())],
                "curve": [EvaluationRecord(**entry) for entry in values["curve"]],
                "findings": [Finding(**entry) for entry in values["findings"]],
            }
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error


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


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)
