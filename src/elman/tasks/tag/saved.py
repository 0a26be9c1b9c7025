"""The results of a run in its folder, from which its report can be drawn again."""

from __future__ import annotations

import json
from dataclasses import asdict

from elman.data.findings import Finding
from elman.errors import RunError
from elman.tasks.results import EvaluationRecord, ScoreRow, ScoreTable
from elman.tasks.results.tag import SpanRow, TaggedSequence, TagReport
from elman.training.files import write_bytes
from elman.training.run import RunDirectory

EVALUATION = "evaluation.json"


def save_report(report: TagReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from.

    Raises:
        RunError: the file cannot be written.
    """
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1)
    # Text from a broken file name may hold what UTF-8 cannot.
    write_bytes(directory / EVALUATION, text.encode(errors="replace"))


def load_report(directory: RunDirectory) -> TagReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    require_result(directory, EVALUATION)
    try:
        values = json.loads((directory / EVALUATION).read_text(encoding="utf-8"))
        return TagReport(
            **{
                **values,
                "scores": [_score_table(entry) for entry in values["scores"]],
                "spans": [SpanRow(**entry) for entry in values["spans"]],
                "examples": [TaggedSequence(**entry) for entry in values["examples"]],
                "hardest": [TaggedSequence(**entry) for entry in values["hardest"]],
                "curve": [EvaluationRecord(**entry) for entry in values["curve"]],
                "findings": [Finding(**entry) for entry in values["findings"]],
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error


def require_result(directory: RunDirectory, result: str) -> None:
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


def _score_table(entry: dict[str, object]) -> ScoreTable:
    rows = entry["rows"]
    assert isinstance(rows, list)
    return ScoreTable(**{**entry, "rows": [ScoreRow(**row) for row in rows]})  # pyright: ignore[reportArgumentType]
