"""The report of any task, experiment or inspection, by the kind of its results."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from elman.report.classify import render_classification_report
from elman.report.experiment import render_experiment_report
from elman.report.forecast import render_forecast_report
from elman.report.inspection import render_inspection_report
from elman.report.page import write_page
from elman.report.tag import render_tag_report
from elman.report.text import render_text_report

_RENDERERS: dict[str, Callable[[Any], str]] = {
    "ClassificationReport": render_classification_report,
    "ExperimentReport": render_experiment_report,
    "ForecastReport": render_forecast_report,
    "InspectionReport": render_inspection_report,
    "TagReport": render_tag_report,
    "TextReport": render_text_report,
}
"""Name of a class of results -> what draws it; by name, since importing it is not for free."""


def write_report(report: Any, path: str | os.PathLike[str]) -> Path:
    """Write the page of any result to a file, folders above it included, and return its path.

    Args:
        report: a report object of `elman.tasks.results` or `elman.experiments.results`.
        path: where to write; an old file there is replaced at once, never half.
    """
    return write_page(_RENDERERS[type(report).__name__](report), path)
