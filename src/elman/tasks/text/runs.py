"""A run of a language model, as the commands use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from elman.errors import DataError, OptionError
from elman.tasks.inspection import NetworkInspection
from elman.tasks.language_model import LanguageModel
from elman.tasks.observer import Observer
from elman.tasks.registry import Prediction, Runs
from elman.tasks.results.inspection import Passage
from elman.tasks.results.scores import ScoreTable
from elman.tasks.results.text import TextReport
from elman.tasks.text.reading import predict_next
from elman.tasks.text.run import load_model, run_text
from elman.tasks.text.saved import load_report
from elman.tasks.text.settings import TextSettings
from elman.training.run import Mode, RunDirectory


class TextRuns(Runs):
    """Runs of `elman fit text`."""

    task = "text"
    settings = TextSettings

    def fit(
        self, settings: TextSettings, directory: RunDirectory, mode: Mode, observer: Observer
    ) -> TextReport:
        """Fit a language model."""
        return run_text(settings, directory, mode, observer)

    def load(self, directory: RunDirectory) -> LanguageModel:
        """Return the model."""
        return load_model(directory)

    def predict(self, directory: RunDirectory, data: Path, future: Path | None = None) -> Prediction:
        """Say of each symbol of a text how likely it was, and what was likeliest in its place."""
        if future is not None:
            raise OptionError("A language model knows nothing of a future: leave --future out.")
        model = self.load(directory)
        codes, unit = (
            model.encode(data, encoding=TextSettings.of_run(directory).encoding),
            model.vocabulary.unit,
        )
        if not len(codes):
            raise DataError(f"{data} holds no {unit}; give a text that does.")
        log_probabilities, likeliest, chances = predict_next(
            model.network, model.mixture, model.vocabulary.newline, codes
        )
        symbol = model.vocabulary.symbol
        table = pl.DataFrame(
            {
                "symbol": [symbol(code) for code in codes.tolist()],
                "log_probability": log_probabilities,
                "likeliest": [symbol(code) for code in likeliest.tolist()],
                "its_probability": chances,
            }
        )
        plural = "" if table.height == 1 else "s"
        return Prediction(table, f"{table.height} row{plural}, one per {unit}")

    def evaluate(self, directory: RunDirectory, data: Path | None, part: str) -> ScoreTable:
        """Score the predictions of a held-out part, beside those of counting."""
        settings = TextSettings.of_run(directory)
        return self.load(directory).evaluate(data or Path(settings.data), part, encoding=settings.encoding)

    def inspect(
        self, directory: RunDirectory, data: Path | None, part: str, task_lag: int | None
    ) -> NetworkInspection:
        """Look the network over, on passages of a held-out part."""
        model, settings = self.load(directory), TextSettings.of_run(directory)
        text = data or Path(settings.data)
        return model.inspect(text, part, task_lag=task_lag, encoding=settings.encoding)

    def follow_unit(self, directory: RunDirectory, data: Path | None, part: str, unit: int) -> Passage:
        """Return what a unit of the last layer puts out while the beginning of a part is read."""
        model, settings = self.load(directory), TextSettings.of_run(directory)
        return model.follow_unit(unit, data or Path(settings.data), part, encoding=settings.encoding)

    def load_report(self, directory: RunDirectory) -> TextReport:
        """Return the saved results."""
        return load_report(directory)

    def stream(self, directory: RunDirectory) -> Any:
        """Refuse rows: a text has none.

        Raises:
            OptionError: always.
        """
        raise OptionError(
            f"{directory.path} is a text run, and a text has no rows to read one by one; use `elman score`, "
            "or LanguageModel.stream() in Python."
        )
