"""A run of a tagger, as the commands use it."""

from __future__ import annotations

from pathlib import Path

from elman.errors import OptionError
from elman.tasks.inspection import NetworkInspection
from elman.tasks.observer import Observer
from elman.tasks.registry import Prediction, Runs
from elman.tasks.results import ScoreTable
from elman.tasks.results.tag import TagReport
from elman.tasks.running import MODEL
from elman.tasks.saved import require_finished
from elman.tasks.tag.run import run_tag
from elman.tasks.tag.saved import load_report
from elman.tasks.tag.settings import TagSettings
from elman.tasks.tag.stream import TagStream
from elman.tasks.tagger import SequenceTagger
from elman.training.run import Mode, RunDirectory


class TagRuns(Runs):
    """Runs of `elman fit tag`."""

    task = "tag"
    settings = TagSettings

    def fit(
        self, settings: TagSettings, directory: RunDirectory, mode: Mode, observer: Observer
    ) -> TagReport:
        """Fit a tagger."""
        return run_tag(settings, directory, mode, observer)

    def load(self, directory: RunDirectory) -> SequenceTagger:
        """Return the tagger."""
        require_finished(directory, MODEL)
        return SequenceTagger.load(directory / MODEL)

    def predict(self, directory: RunDirectory, data: Path, future: Path | None = None) -> Prediction:
        """Tag every step of new sequences."""
        if future is not None:
            raise OptionError("A tagger has no use for --future; give the steps in DATA.")
        tagged = self.load(directory).predict(data)
        return Prediction(
            tagged, f"{tagged.height} steps, {tagged[tagged.columns[-2]].n_unique()} different tags"
        )

    def evaluate(self, directory: RunDirectory, data: Path | None, part: str) -> ScoreTable:
        """Score a held-out part of the run's data, or all of other data."""
        return self._with_data(directory, data).evaluate(data, part)

    def inspect(
        self, directory: RunDirectory, data: Path | None, part: str, task_lag: int | None
    ) -> NetworkInspection:
        """Look the network over, on sequences of a held-out part, or of other data."""
        return self._with_data(directory, data).inspect(data, part, task_lag=task_lag)

    def _with_data(self, directory: RunDirectory, data: Path | None) -> SequenceTagger:
        """Return the tagger with the sequences of its fit, unless there are other data."""
        tagger = self.load(directory)
        if data is None:
            tagger.restore_fit(*TagSettings.of_run(directory).parts)
        return tagger

    def load_report(self, directory: RunDirectory) -> TagReport:
        """Return the saved results."""
        return load_report(directory)

    def stream(self, directory: RunDirectory) -> TagStream:
        """Return what tags steps as they come; only a run with --stream can."""
        return self.load(directory).stream()
