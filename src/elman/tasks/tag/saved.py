"""The results of a run in its folder, from which its report can be drawn again."""

from __future__ import annotations

import json
from dataclasses import asdict

from elman.data.findings import Finding
from elman.errors import RunError
from elman.tasks.results import EvaluationRecord
from elman.tasks.results.tag import SpanRow, TaggedSequence, TagReport
from elman.tasks.saved import read_score_table, require_finished
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
    require_finished(directory, EVALUATION)
    try:
        values = json.loads((directory / EVALUATION).read_text(encoding="utf-8"))
        return TagReport(
            **{
                **values,
                "scores": [read_score_table(entry) for entry in values["scores"]],
                "spans": [SpanRow(**entry) for entry in values["spans"]],
                "examples": [TaggedSequence(**entry) for entry in values["examples"]],
                "hardest": [TaggedSequence(**entry) for entry in values["hardest"]],
                "curve": [EvaluationRecord(**entry) for entry in values["curve"]],
                "findings": [Finding(**entry) for entry in values["findings"]],
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error
