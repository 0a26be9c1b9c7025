"""The results of a run in its folder: what every task writes there, and how it is read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields, is_dataclass
from typing import Any

import polars as pl

from elman.data.findings import Finding
from elman.errors import RunError
from elman.tasks.results.scores import ScoreRow, ScoreTable
from elman.training.files import write_bytes
from elman.training.records import EvaluationRecord
from elman.training.run import RunDirectory

RESULTS = "evaluation.json"
"""Everything of a report that is no table of its own. Written last: it says that the rest is there."""


def require_finished(directory: RunDirectory, result: str) -> None:
    """Make sure that a run has come as far as one of its results.

    Args:
        directory: of the run.
        result: the file's name.

    Raises:
        RunError: there is no run, or it has not.
    """
    directory.require_run()
    if not (directory / result).is_file():
        raise RunError(
            f"The run in {directory.path} is not finished (it has no {result}); continue it with --resume."
        )


def write_results(report: Any, directory: RunDirectory, *, tables: Collection[str] = ()) -> None:
    """Write the fields of a report.

    Args:
        report: a report object of `elman.tasks.results`.
        directory: of the run.
        tables: fields that stand in files of their own.

    Raises:
        RunError: the file cannot be written.
    """
    values = {one.name: getattr(report, one.name) for one in fields(report) if one.name not in tables}
    text = json.dumps(values, default=_plain, ensure_ascii=False, indent=1)
    # A name or a text may hold what UTF-8 cannot; it must not cost the results.
    write_bytes(directory / RESULTS, text.encode(errors="replace"))


@contextmanager
def reading_results(directory: RunDirectory) -> Iterator[dict[str, Any]]:
    """Yield the fields that `write_results` wrote; those that every report has are objects again.

    Raises:
        RunError: the run is not finished, or what is read within the block is damaged.
    """
    require_finished(directory, RESULTS)
    try:
        values = json.loads((directory / RESULTS).read_text(encoding="utf-8"))
        yield {
            **values,
            "scores": [_score_table(one) for one in values["scores"]],
            "curve": [EvaluationRecord(**one) for one in values["curve"]],
            "findings": [Finding(**one) for one in values["findings"]],
        }
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error


def _score_table(entry: Mapping[str, Any]) -> ScoreTable:
    return ScoreTable(**{**entry, "rows": [ScoreRow(**row) for row in entry["rows"]]})


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
