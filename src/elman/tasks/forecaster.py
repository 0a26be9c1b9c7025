"""Forecast one or many series from a table, with honest baselines beside every score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from elman.data import Columns, Panel
from elman.data.findings import Finding
from elman.errors import OptionError, RunError
from elman.tasks.forecast.evaluation import Evaluation
from elman.tasks.forecast.fitting import Fit, fit_model
from elman.tasks.forecast.future import append_future, require_future
from elman.tasks.forecast.inspection import subject_of
from elman.tasks.forecast.model import ForecastModel
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.reading import read_panel, read_panel_like, read_rows
from elman.tasks.forecast.report import build_report
from elman.tasks.forecast.selection import split_panel
from elman.tasks.inspection import NetworkInspection, inspect_network
from elman.tasks.model_file import (
    options_from_json,
    options_to_json,
    reading_model,
    require_named_cell,
    write_model,
)
from elman.tasks.observer import Observer
from elman.tasks.results import ForecastReport, ScoreTable
from elman.training.keywords import naming_keywords


class Forecaster:
    """Quantile forecasts of one target by an encoder and a decoder beside a linear branch.

    The recurrent branch reads the past (target, covariates, calendar) and the known future; the linear
    branch is a direct ridge regression on the same inputs, and the validation part says how far the
    forecast leans on it. Series of any length and number share one model. Missing values are masked;
    nothing is filled in, and the test part is not read by `fit`.

    Args:
        horizon: steps to forecast.
        time: the column of time stamps.
        target: the column to forecast, numeric.
        series: the column that names the series, if the table holds several.
        known: covariates whose future is known: holidays, prices, a weather forecast.
        past: covariates known only in the past.
        options: everything else; see `ForecastOptions`.

    Raises:
        OptionError: an option is not a legal one.
        ColumnError: a column plays two parts.

    Reference:
        Sutskever, Vinyals, Le (2014). Sequence to sequence learning with neural networks. NeurIPS.
        Wen, Torkkola, Narayanaswamy, Madeka (2017). A multi-horizon quantile recurrent forecaster.

    Example:
        >>> import polars as pl
        >>> from elman.training import TrainingOptions
        >>> table = pl.DataFrame({"day": range(200), "sold": [float(3 + d % 7) for d in range(200)]})
        >>> small = ForecastOptions(hidden_size=4, training=TrainingOptions(num_steps=4, evaluate_every=2))
        >>> forecaster = Forecaster(horizon=7, time="day", target="sold", options=small).fit(table)
        >>> forecaster.predict(table).columns
        ['series', 'origin', 'time', 'step', 'q0.1', 'q0.5', 'q0.9']
    """

    @naming_keywords("Forecaster", options=ForecastOptions)
    def __init__(
        self,
        *,
        horizon: int,
        time: str,
        target: str,
        series: str | None = None,
        known: Sequence[str] = (),
        past: Sequence[str] = (),
        options: ForecastOptions | None = None,
    ) -> None:
        if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
            raise OptionError(f"`horizon` must be a whole number of steps, 1 or more, but it is {horizon!r}.")
        self.horizon = horizon
        self.columns = Columns(time, target, series, tuple(known), tuple(past))
        self.options = options or ForecastOptions()
        self._model: ForecastModel | None = None
        self._fit: Fit | None = None

    @property
    def model(self) -> ForecastModel:
        """The fitted model.

        Raises:
            RunError: `fit` or `load` was not called.
        """
        if self._model is None:
            raise RunError("This forecaster is not fitted: call fit(frame) or Forecaster.load(path) first.")
        return self._model

    @property
    def fitted(self) -> Fit:
        """What the model was fitted on; gone after `load`.

        Raises:
            RunError: `fit` was not called on this object.
        """
        if self._fit is None:
            raise RunError("This forecaster does not hold its table: call fit(frame), or give the table.")
        return self._fit

    def fit(
        self, frame: Any, *, checkpoint: Path | None = None, observer: Observer | None = None
    ) -> Forecaster:
        """Learn from the training part of a table; stop and calibrate by its validation part.

        Args:
            frame: a polars, pandas or arrow table, or the path of a CSV or Parquet file.
            checkpoint: a file to save the training to at every evaluation, and to go on from if it exists.
            observer: is told of stages, steps and evaluations.

        Returns:
            This forecaster.

        Raises:
            DataError: the table cannot be used; the message says why and what to do.
            OptionError: the cell cannot be used.
            NonFiniteError: the training diverged; the last good weights are in the checkpoint.
            RunError: the checkpoint belongs to another run.
        """
        panel = self._panel(self._read(frame))
        self._fit = fit_model(
            panel, self.horizon, self.options, checkpoint=checkpoint, observer=observer or Observer()
        )
        self._model = self._fit.model
        return self

    def check(self, frame: Any) -> tuple[Finding, ...]:
        """Read a table as `fit` would, learn nothing, and return what is odd in it.

        Args:
            frame: as for `fit`.

        Raises:
            DataError: the table cannot be used; the message says why and what to do.
        """
        return split_panel(self._panel(self._read(frame)), self.horizon, self.options).panel.findings

    def predict(self, frame: Any, future: Any = None) -> pl.DataFrame:
        """Forecast the steps after the last observed target of each series.

        Args:
            frame: the past, with the columns of the training table. Rows at the end whose target is
                missing count as the future, too.
            future: rows with the time stamps and known covariates of the steps to forecast. Of booleans
                one season more is read where it is given: a holiday changes the day before it.

        Returns:
            One row per series and step: `series`, `origin` (the last observed step), `time`, `step`, and a
            column for each quantile, in the target's unit.

        Raises:
            DataError: a known covariate lacks a value in the future that training always had, or the
                table cannot be used.
        """
        table = self._read(frame)
        if future is not None:
            table = append_future(table, self._read(future), self.columns)
        panel = self._panel_like_training(table)
        require_future(panel, self.model.encoder.known, self.horizon)
        arrays = self.model.arrays_of(panel)
        origins = arrays.starts + np.array([one.num_observed for one in panel.series])
        return self.model.forecast_frame(arrays, origins).drop("target")

    def backtest(
        self, frame: Any = None, origins: int | Sequence[datetime | date | int] | None = None
    ) -> pl.DataFrame:
        """Forecast from several origins in the past, each seeing only what was known then.

        Args:
            frame: a table; None takes the one that was fitted.
            origins: how many, one horizon apart, the last one horizon before the end; or the time
                stamps of the last step before each forecast. None takes the test part.

        Returns:
            As `predict`, with the truth in `target` and the baselines' forecasts beside.

        Raises:
            DataError: an origin is not a step of the table, or leaves no room for the horizon.
            OptionError: there is no test part, or `origins` is neither a number nor time stamps.
        """
        evaluation = self._evaluation(frame)
        rows = evaluation.origins_of("test") if origins is None else evaluation.origins_at(origins)
        return evaluation.forecasts(rows)

    def evaluate(self, frame: Any = None, part: str = "test") -> ScoreTable:
        """Score the forecasts of a held-out part, one origin per horizon, beside the baselines'.

        Args:
            frame: the table of the fit, again; needed after `load`.
            part: "test" or "validation".

        Raises:
            OptionError: there is no such part.
            DataError: the table cannot be used.
        """
        evaluation = self._evaluation(frame)
        return evaluation.scores(part, evaluation.forecasts(evaluation.origins_of(part)))

    def inspect(
        self, frame: Any = None, part: str = "test", *, task_lag: int | None = None
    ) -> NetworkInspection:
        """Look the recurrent branch over: how far its gradients reach, what its gates do, what is wrong.

        Args:
            frame: the table of the fit, again; needed after `load`.
            part: "test" or "validation"; its windows are read.
            task_lag: how many steps back the task looks; one season without it.

        Raises:
            OptionError: there is no such part, or the lag is not positive.
            DataError: the table cannot be used.
        """
        return inspect_network(subject_of(self._evaluation(frame), part, task_lag))

    @property
    def name(self) -> str:
        """What the table of scores calls this forecaster."""
        return f"elman ({self.options.cell_name} + ridge)"

    def report(
        self, *, title: str | None = None, configuration: Mapping[str, Any] | None = None
    ) -> ForecastReport:
        """Gather what a report shows: the held-out parts are forecast and scored here, once.

        Args:
            title: of the page; None takes the target and the horizon.
            configuration: what repeats the run, to be shown.

        Raises:
            RunError: `fit` was not called on this object.
        """
        title = title or f"{self.columns.target}, {self.horizon} steps ahead"
        return build_report(self.fitted, self._evaluation(None), title, configuration or {})

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, atomically.

        Args:
            path: the file; its folder must exist.

        Raises:
            OptionError: the cell is a function; a file can only name the cells of elman.
            RunError: the file cannot be written.
        """
        require_named_cell(self.options.cell, "forecaster")
        values = {"horizon": self.horizon, "options": options_to_json(self.options), **self.model.values()}
        write_model(path, "forecast", self.model.tensors(), values)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> Forecaster:
        """Read what `save` wrote; the forecasts are the same, bit for bit on the same kind of device.

        Args:
            path: the file.
            device: where the network goes.

        Raises:
            RunError: the file is absent, damaged or not one of ours.
        """
        with reading_model(path, "forecast", device) as (tensors, values):
            options = options_from_json(ForecastOptions, values["options"], device)
            model = ForecastModel.from_parts(tensors, values, options)
            columns = {one.name: getattr(model.encoder.columns, one.name) for one in fields(Columns)}
            forecaster = cls(horizon=model.geometry.horizon, **columns, options=options)
        forecaster._model = model
        return forecaster

    def _read(self, source: Any) -> pl.DataFrame:
        return read_rows(source, self.columns, self.options)

    def _panel(self, table: pl.DataFrame) -> Panel:
        return read_panel(table, self.columns, self.options)

    def _panel_like_training(self, table: pl.DataFrame) -> Panel:
        return read_panel_like(self.model.encoder, table, self.options)

    def _evaluation(self, frame: Any) -> Evaluation:
        if frame is None:
            fit = self.fitted
            return Evaluation(fit.model, self.name, fit.panel, fit.splits, fit.arrays)
        panel = self._panel_like_training(self._read(frame))
        split = split_panel(panel, self.horizon, self.options)
        arrays = self.model.arrays_of(split.panel)
        return Evaluation(self.model, self.name, split.panel, split.splits, arrays)
