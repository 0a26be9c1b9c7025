"""A run of a forecast, as the commands use it."""

from __future__ import annotations

from pathlib import Path

from elman.tasks.forecast.run import load_forecaster, load_settings
from elman.tasks.forecast.saved import load_report
from elman.tasks.forecast.stream import ForecastStream
from elman.tasks.forecaster import Forecaster
from elman.tasks.registry import Prediction, Runs
from elman.tasks.results import ForecastReport, ScoreTable
from elman.training.run import RunDirectory


class ForecastRuns(Runs):
    """Runs of `elman fit forecast`."""

    task = "forecast"

    def load(self, directory: RunDirectory) -> Forecaster:
        """Return the forecaster."""
        return load_forecaster(directory)

    def predict(self, directory: RunDirectory, data: Path, future: Path | None = None) -> Prediction:
        """Forecast the steps after the last observed target of each series."""
        forecast = self.load(directory).predict(data, future)
        return Prediction(forecast, f"{forecast.height} rows, {forecast['series'].n_unique()} series")

    def evaluate(self, directory: RunDirectory, data: Path | None, part: str) -> ScoreTable:
        """Score the forecasts of a held-out part, one origin per horizon."""
        forecaster = self.load(directory)
        return forecaster.evaluate(data or Path(load_settings(directory).data), part)

    def stream(self, directory: RunDirectory) -> ForecastStream:
        """Return what forecasts after each observation."""
        forecaster = self.load(directory)
        return ForecastStream(forecaster.model, time_zone=forecaster.options.time_zone)

    def load_report(self, directory: RunDirectory) -> ForecastReport:
        """Return the saved results."""
        return load_report(directory)
