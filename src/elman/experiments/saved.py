"""An experiment in its folder: settings in a file, and results from which its page can be drawn again.

config.toml    the settings; they repeat the experiment
results.json   what was found; written when the last trial has ended
figure.svg     scores in one picture
report.html    the page
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict
from typing import TYPE_CHECKING

import tomli_w

from elman.errors import RunError
from elman.experiments.results import ExperimentReport, read_report
from elman.training.files import write_bytes
from elman.training.run import CONFIG, REPORT, RunDirectory

if TYPE_CHECKING:
    from elman.experiments.settings import ExperimentSettings

TASK, RESULTS, FIGURE = "experiment", "results.json", "figure.svg"
FILES = (CONFIG, RESULTS, FIGURE, REPORT)
"""All that an experiment writes."""


def holds_experiment(directory: RunDirectory) -> bool:
    """Tell whether a folder is that of an experiment.

    Args:
        directory: To look at.
    """
    try:
        return tomllib.loads((directory / CONFIG).read_text(encoding="utf-8")).get("task") == TASK
    except (OSError, ValueError):
        return False


def save_settings(settings: ExperimentSettings, directory: RunDirectory) -> None:
    """Write what is to be run.

    Args:
        settings: Of the experiment.
        directory: Of the experiment.

    Raises:
        RunError: The file cannot be written.
    """
    known = {name: value for name, value in asdict(settings).items() if value is not None}
    write_bytes(directory / CONFIG, tomli_w.dumps({"task": TASK, **known}).encode())


def save_report(report: ExperimentReport, directory: RunDirectory) -> None:
    """Write what was found.

    Args:
        report: Of the experiment.
        directory: Of the experiment.

    Raises:
        RunError: The file cannot be written.
    """
    write_bytes(directory / RESULTS, (json.dumps(report.as_data(), indent=1) + "\n").encode())


def load_report(directory: RunDirectory) -> ExperimentReport:
    """Read what `save_report` wrote.

    Args:
        directory: Of the experiment.

    Raises:
        RunError: The experiment is not finished, or its results are damaged.
    """
    file = directory / RESULTS
    if not file.is_file():
        raise RunError(
            f"The experiment in {directory.path} is not finished (it has no {RESULTS}); run it again with "
            "--overwrite."
        )
    try:
        return read_report(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error
