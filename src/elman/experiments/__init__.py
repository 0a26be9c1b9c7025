"""The classic experiments with recurrent networks, ready to run."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "ALL_PROBLEMS",
    "Examples",
    "ExperimentReport",
    "ExperimentSettings",
    "Problem",
    "Recipe",
    "Summary",
    "Trial",
    "TrialRecord",
    "read_report",
    "report_trials",
    "run_experiment",
    "run_trials",
]

if TYPE_CHECKING:
    from elman.experiments.problems import ALL_PROBLEMS, Examples, Problem, Recipe
    from elman.experiments.results import ExperimentReport, Summary, Trial, TrialRecord, read_report
    from elman.experiments.runner import report_trials, run_experiment, run_trials
    from elman.experiments.settings import ExperimentSettings
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "ALL_PROBLEMS": "elman.experiments.problems",
            "Examples": "elman.experiments.problems",
            "ExperimentReport": "elman.experiments.results",
            "ExperimentSettings": "elman.experiments.settings",
            "Problem": "elman.experiments.problems",
            "Recipe": "elman.experiments.problems",
            "Summary": "elman.experiments.results",
            "Trial": "elman.experiments.results",
            "TrialRecord": "elman.experiments.results",
            "read_report": "elman.experiments.results",
            "report_trials": "elman.experiments.runner",
            "run_experiment": "elman.experiments.runner",
            "run_trials": "elman.experiments.runner",
        },
    )
