"""A run of a forecast, as the commands use it."""

from __future__ import annotations

from pathlib import Path

from elman.tasks.forecast.run import load_forecaster, run_forecast
from elman.tasks.forecast.saved import load_report
from elman.tasks.forecast.settings import ForecastSettings
from elman.tasks.forecast.stream import ForecastStream
from elman.tasks.forecaster import Forecaster
from elman.tasks.inspection import NetworkInspection
from elman.tasks.observer import Observer
from elman.tasks.registry import Prediction, Runs
from elman.tasks.results import ForecastReport, ScoreTable
from elman.training.run import Mode, RunDirectory


class ForecastRuns(Runs):
    """Runs of `elman fit forecast`."""

    task = "forecast"
    settings = ForecastSettings

    def fit(
        self, settings: ForecastSettings, directory: RunDirectory, mode: Mode, observer: Observer
    ) -> ForecastReport:
        """Fit a forecaster."""
        return run_forecast(settings, directory, mode, observer)

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
        return forecaster.evaluate(data or Path(ForecastSettings.of_run(directory).data), part)

    def inspect(
        self, directory: RunDirectory, data: Path | None, part: str, task_lag: int | None
    ) -> NetworkInspection:
        """Look the recurrent branch over, on windows of a held-out part."""
        forecaster = self.load(directory)
        table = data or Path(ForecastSettings.of_run(directory).data)
        return forecaster.inspect(table, part, task_lag=task_lag)

    def stream(self, directory: RunDirectory) -> ForecastStream:
        """Return what forecasts after each observation."""
        forecaster = self.load(directory)
        return ForecastStream(forecaster.model, time_zone=forecaster.options.time_zone)

    def load_report(self, directory: RunDirectory) -> ForecastReport:
        """Return the saved results."""
        return load_report(directory)
