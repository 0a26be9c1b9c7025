"""A run of a tagger, as the commands use it."""

from __future__ import annotations

from pathlib import Path

from elman.errors import OptionError
from elman.tasks.registry import Prediction, Runs
from elman.tasks.results import ScoreTable
from elman.tasks.results.tag import TagReport
from elman.tasks.tag.run import load_settings, load_tagger
from elman.tasks.tag.saved import load_report
from elman.tasks.tag.stream import TagStream
from elman.tasks.tagger import SequenceTagger
from elman.training.run import RunDirectory


class TagRuns(Runs):
    """Runs of `elman fit tag`."""

    task = "tag"

    def load(self, directory: RunDirectory) -> SequenceTagger:
        """Return the tagger."""
        return load_tagger(directory)

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
        tagger = self.load(directory)
        if data is None:
            tagger.restore_fit(*load_settings(directory).files)
        return tagger.evaluate(data, part)

    def load_report(self, directory: RunDirectory) -> TagReport:
        """Return the saved results."""
        return load_report(directory)

    def stream(self, directory: RunDirectory) -> TagStream:
        """Return what tags steps as they come; only a run with --stream can."""
        return self.load(directory).stream()
