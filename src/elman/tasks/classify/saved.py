"""The results of a run in its folder, from which its report can be drawn again."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import polars as pl

from elman.data.findings import Finding
from elman.errors import RunError
from elman.tasks.results import ClassificationReport, Influence, ReliabilityPoint
from elman.tasks.saved import read_score_table, require_finished
from elman.training import EvaluationRecord
from elman.training.files import write_bytes, write_frame
from elman.training.run import RunDirectory

FILES = ("predictions.parquet", "predictions.csv", "evaluation.json")


def save_report(report: ClassificationReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again.

    Raises:
        RunError: a file cannot be written.
    """
    write_frame(directory / "predictions.parquet", report.predictions)
    write_frame(directory / "predictions.csv", report.predictions)
    rest = {one.name: getattr(report, one.name) for one in fields(report) if one.name != "predictions"}
    values = json.dumps(rest, default=_plain, ensure_ascii=False, indent=1)
    # Written last: it says that the rest is there.
    write_bytes(directory / "evaluation.json", values.encode())


def load_report(directory: RunDirectory) -> ClassificationReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    require_finished(directory, "evaluation.json")
    try:
        values = json.loads((directory / "evaluation.json").read_text(encoding="utf-8"))
        tables = [read_score_table(one) for one in values["scores"]]
        return ClassificationReport(
            **{
                **values,
                "predictions": pl.read_parquet(directory / "predictions.parquet"),
                "scores": tables,
                "reliability": [ReliabilityPoint(**one) for one in values["reliability"]],
                "influence": Influence(**values["influence"]),
                "curve": [EvaluationRecord(**one) for one in values["curve"]],
                "findings": [Finding(**one) for one in values["findings"]],
            }
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)
