"""The tasks by the name in a run's config.toml, so that one command serves every kind of run.

A task writes a `Runs` in its own package and adds a line to `_RUNS`. Nothing of a task is imported before a
run of it is asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from elman.errors import DataError, OptionError, RunError
from elman.tasks.observer import Observer
from elman.tasks.results import ScoreTable
from elman.tasks.results.inspection import Passage
from elman.tasks.settings import RunSettings, read_run
from elman.training.run import CONFIG, Mode, RunDirectory

if TYPE_CHECKING:
    from elman.tasks.inspection import NetworkInspection

_RUNS = {
    "classify": "elman.tasks.classify.run:ClassifyRuns",
    "forecast": "elman.tasks.forecast.runs:ForecastRuns",
    "tag": "elman.tasks.tag.runs:TagRuns",
    "text": "elman.tasks.text.runs:TextRuns",
}
"""Task -> the module and the class of its runs."""


@dataclass(frozen=True)
class Prediction:
    """What a run says of new data.

    Args:
        table: one row a prediction.
        summary: the same in a few words, such as "48 rows, 2 series".
    """

    table: pl.DataFrame
    summary: str


class Runs(ABC):
    """What the commands do with a finished run, whatever its task."""

    task: str
    """Its name in config.toml."""

    settings: type[RunSettings]
    """What decides a run."""

    @abstractmethod
    def fit(self, settings: Any, directory: RunDirectory, mode: Mode, observer: Observer) -> Any:
        """Fit, evaluate and write everything but the drawn report; return the report object.

        Args:
            settings: what to do.
            directory: where to write.
            mode: begin a run, continue one, or replace one.
            observer: is told how it goes.

        Raises:
            ElmanError: anything the settings or the data make impossible; what was saved stays.
        """

    @abstractmethod
    def load(self, directory: RunDirectory) -> Any:
        """Return what the run fitted.

        Raises:
            RunError: the run is not finished, or its files are damaged.
        """

    def require_data(self, directory: RunDirectory) -> None:
        """Refuse a run whose own data are not where they were.

        Raises:
            DataError: they are gone; the message says how to name others.
            RunError: there is no run.
        """
        for path in self.settings.of_run(directory).files:
            if not path.exists():
                raise DataError(
                    f"{path}, which {directory.path} was fitted to, is not there any more; put it back, or "
                    "name other data of the same form with --data."
                )

    @abstractmethod
    def predict(self, directory: RunDirectory, data: Path, future: Path | None = None) -> Prediction:
        """Predict from new data.

        Args:
            directory: of the run.
            data: what to read.
            future: what is known ahead, where the task can use it.

        Raises:
            ElmanError: the run or the data cannot be used.
        """

    @abstractmethod
    def evaluate(self, directory: RunDirectory, data: Path | None, part: str) -> ScoreTable:
        """Score the run beside its baselines.

        Args:
            directory: of the run.
            data: other data than the run's own.
            part: "test" or "validation".

        Raises:
            ElmanError: the run or the data cannot be used.
        """

    @abstractmethod
    def load_report(self, directory: RunDirectory) -> Any:
        """Return the saved results, a report object of `elman.tasks.results`.

        Raises:
            RunError: the run is not finished, or its files are damaged.
        """

    @abstractmethod
    def inspect(
        self, directory: RunDirectory, data: Path | None, part: str, task_lag: int | None
    ) -> NetworkInspection:
        """Look the network of the run over.

        Args:
            directory: of the run.
            data: other data than the run's own.
            part: "test" or "validation".
            task_lag: how many steps back the task looks; None for what is usual for the task.

        Raises:
            ElmanError: the run or the data cannot be used.
        """

    def follow_unit(
        self,
        directory: RunDirectory,
        data: Path | None,  # noqa: ARG002 - for those that can
        part: str,  # noqa: ARG002
        unit: int,
    ) -> Passage:
        """Return what one unit of a language model puts out while a text is read.

        Args:
            directory: of the run.
            data: other data than the run's own.
            part: "test" or "validation".
            unit: its number, from 0.

        Raises:
            ElmanError: the run or the data cannot be used, or the run is not of a text.
        """
        raise OptionError(
            f"Unit {unit} cannot be followed through a text: {directory.path} is a {self.task} run. Leave "
            "--unit out."
        )

    def stream(self, directory: RunDirectory) -> Any:
        """Return an object whose `push(row)` takes one step and returns what is known after it, or None.

        Raises:
            OptionError: the run needs whole sequences.
        """
        raise OptionError(f"{directory.path} is a {self.task} run, which cannot read a stream step by step.")


def task_of(directory: RunDirectory) -> str:
    """Return the name of the task that a run is of.

    Raises:
        RunError: there is no run, or its task is not known.
    """
    task = read_run(directory).get("task")
    if task not in _RUNS:
        known = ", ".join(_RUNS)
        raise RunError(f"`task` in {directory / CONFIG} must be one of {known}, but it is {task!r}.")
    return task


def runs_of(directory: RunDirectory) -> Runs:
    """Return what the commands need to use a run.

    Raises:
        RunError: there is no run, or its task is not known.
    """
    return runs_for(task_of(directory))


def runs_for(task: str) -> Runs:
    """Return what the commands need to make and use runs of a task, one of those in config.toml."""
    module, _, name = _RUNS[task].partition(":")
    return getattr(import_module(module), name)()
