"""The results of a language model's run in its folder, from which its report can be drawn again."""

from __future__ import annotations

import json
from dataclasses import asdict

from elman.data.findings import Finding
from elman.errors import RunError
from elman.tasks.results.text import Sample, TextReport, UnitActivity
from elman.tasks.saved import read_score_table, require_finished
from elman.training import EvaluationRecord
from elman.training.files import write_bytes
from elman.training.run import RunDirectory

RESULTS = "evaluation.json"


def save_report(report: TextReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again.

    Raises:
        RunError: a file cannot be written.
    """
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1)
    # A broken text may hold what UTF-8 cannot; it must not cost the results.
    write_bytes(directory / RESULTS, text.encode("utf-8", errors="replace"))


def load_report(directory: RunDirectory) -> TextReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    require_finished(directory, RESULTS)
    try:
        values = json.loads((directory / RESULTS).read_text(encoding="utf-8"))
        return TextReport(
            **{
                **values,
                "scores": [read_score_table(entry) for entry in values["scores"]],
                "curve": [EvaluationRecord(**entry) for entry in values["curve"]],
                "samples": [Sample(**entry) for entry in values["samples"]],
                "activities": [UnitActivity(**entry) for entry in values["activities"]],
                "findings": [Finding(**entry) for entry in values["findings"]],
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error
