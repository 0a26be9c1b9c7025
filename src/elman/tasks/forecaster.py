"""Forecast one or many series from a table, with honest baselines beside every score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from elman.data import Columns, Panel, TimeSplit, build_panel, read_table
from elman.data.encoders import is_observed
from elman.data.findings import Finding
from elman.errors import DataError, OptionError, RunError
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.baselines import last_value, naive_scale, seasonal_naive
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.calibration import Calibration
from elman.tasks.forecast.fitting import Fit, Observer, fit_model, scoring_origins, split_panel
from elman.tasks.forecast.linear import LinearBranch
from elman.tasks.forecast.metrics import quantile_column, score_forecasts
from elman.tasks.forecast.model import ForecastModel
from elman.tasks.forecast.network import ForecastNetwork
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.windows import Geometry, Scaling
from elman.tasks.results import CalibrationPoint, ForecastReport, ScoreTable, SeriesHistory
from elman.training import TrainingOptions, read_tensors, write_tensors

_MAX_DRAWN_SERIES = 12


class Forecaster:
    """Quantile forecasts of one target by an encoder and a decoder beside a linear branch.

    The recurrent branch reads the past (target, covariates, calendar) and the known future, and adds to
    a direct ridge regression what a linear map cannot see. Series of any length and number share one
    model. Missing values are masked; nothing is filled in, and the test part is not read by `fit`.

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
        >>> table = pl.DataFrame({"day": range(200), "sold": [float(3 + d % 7) for d in range(200)]})
        >>> small = ForecastOptions(hidden_size=4, training=TrainingOptions(num_steps=4, evaluate_every=2))
        >>> forecaster = Forecaster(horizon=7, time="day", target="sold", options=small).fit(table)
        >>> forecaster.predict(table).columns
        ['series', 'origin', 'time', 'step', 'q0.1', 'q0.5', 'q0.9']
    """

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
            NonFiniteError: the training diverged; the last good weights are in the checkpoint.
            RunError: the checkpoint belongs to another run.
        """
        panel = self._panel(read_table(frame))
        self._fit = fit_model(
            panel, self.horizon, self.options, checkpoint=checkpoint, observer=observer or Observer()
        )
        self._model = self._fit.model
        return self

    def check(self, frame: Any) -> tuple[Finding, ...]:
        """Read a table as `fit` would, learn nothing, and return what is odd in it.

        Raises:
            DataError: the table cannot be used; the message says why and what to do.
        """
        return split_panel(self._panel(read_table(frame)), self.horizon, self.options).panel.findings

    def predict(self, frame: Any, future: Any = None) -> pl.DataFrame:
        """Forecast the steps after the last observed target of each series.

        Args:
            frame: the past, with the columns of the training table. Rows at the end whose target is
                missing count as the future, too.
            future: rows with the time stamps and known covariates of the steps to forecast.

        Returns:
            One row per series and step: `series`, `origin` (the last observed step), `time`, `step`, and a
            column for each quantile, in the target's unit.

        Raises:
            DataError: a known covariate lacks a value in the future that training always had, or the
                table cannot be used.
        """
        table = read_table(frame)
        if future is not None:
            table = _append(table, read_table(future), self.columns)
        panel = self._panel(table, self.model.encoder.frequency.every)
        panel = self._require_future(panel)
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
                stamps of the last step before each forecast. None takes the test part of the fit.

        Returns:
            As `predict`, with the truth in `target` and the baselines' forecasts beside.

        Raises:
            DataError: an origin is not a step of the table, or leaves no room for the horizon.
        """
        if frame is None:
            arrays, panel = self.fitted.arrays, self.fitted.panel
        else:
            panel = self._panel(read_table(frame), self.model.encoder.frequency.every)
            arrays = self.model.arrays_of(panel)
        return self._forecast_at(arrays, self._origin_rows(arrays, panel, origins))

    def evaluate(self, frame: Any = None, part: str = "test") -> ScoreTable:
        """Score the forecasts of a part beside the baselines'.

        Args:
            frame: the table of the fit, again; needed after `load`.
            part: "test" or "validation".

        Raises:
            OptionError: there is no such part.
            DataError: the table cannot be used.
        """
        return self._score(self.held_out_forecasts(frame, part), frame, part)

    def held_out_forecasts(self, frame: Any = None, part: str = "test") -> pl.DataFrame:
        """Forecast from one origin per horizon over a held-out part; as `backtest` returns it.

        Raises:
            OptionError: there is no such part.
        """
        if part not in ("test", "validation"):
            raise OptionError(f"`part` must be 'test' or 'validation', but it is {part!r}.")
        arrays, splits = self._arrays_and_splits(frame)
        begins, ends = _span(splits, part)
        origins = scoring_origins(arrays, self.model.geometry, begins, ends)
        if len(origins) == 0:
            raise OptionError(f"There is no {part} part: the forecaster was fitted with {part}=0.")
        return self._forecast_at(arrays, origins)

    @property
    def name(self) -> str:
        """What the table of scores calls this forecaster."""
        cell = self.options.cell if isinstance(self.options.cell, str) else self.options.cell.__name__
        shown = cell.upper() if cell in ("lstm", "gru") else cell
        return f"elman ({shown} + ridge)"

    @property
    def baseline_names(self) -> list[str]:
        """The baselines' columns, in the order of the table."""
        seasons = [_season_name(season) for season in self.model.geometry.seasons]
        return ["last value", *seasons, "ridge"]

    def report(
        self, *, title: str | None = None, configuration: dict[str, Any] | None = None
    ) -> ForecastReport:
        """Gather what the report shows: the test part is forecast and scored here, once.

        Raises:
            RunError: `fit` was not called on this object.
            OptionError: there is no test part; the validation part is shown where `test` is 0.
        """
        fit = self.fitted
        has_test = any(split.test_end > split.validation_end for split in fit.splits)
        parts = ["test", "validation"] if has_test else ["validation"]
        forecasts = {part: self.held_out_forecasts(part=part) for part in parts}
        shown = forecasts[parts[0]]
        return ForecastReport(
            title=title or f"{self.columns.target}, {self.horizon} steps ahead",
            target=self.columns.target,
            horizon=self.horizon,
            history=[
                _history(one.name, one.frame, self.columns, split)
                for one, split in list(zip(fit.panel.series, fit.splits, strict=True))[:_MAX_DRAWN_SERIES]
            ],
            forecasts=shown,
            quantiles=self.options.quantiles,
            scores=[self._score(forecasts[part], None, part) for part in parts],
            error_by_step=self._error_by_step(shown),
            calibration=self._calibration_points(parts[0], shown),
            curve=fit.training.curve,
            findings=fit.panel.findings,
            configuration=configuration or {},
            seconds=fit.training.seconds,
            num_parameters=sum(p.numel() for p in self.model.network.parameters() if p.requires_grad),
        )

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, atomically.

        Raises:
            OptionError: the cell is a function; a file can only name the cells of elman.
            RunError: the file cannot be written.
        """
        if not isinstance(self.options.cell, str):
            raise OptionError(
                "A forecaster with a cell of your own cannot be saved; save model.network yourself."
            )
        values = {"horizon": self.horizon, "options": asdict(self.options), **self.model.values()}
        write_tensors(Path(path), self.model.tensors(), values)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> Forecaster:
        """Read what `save` wrote; the forecasts are the same, bit for bit on the same kind of device.

        Raises:
            RunError: the file is absent, damaged or not one of ours.
        """
        tensors, values = read_tensors(Path(path))
        try:
            return cls._from_file(tensors, values, device)
        except (KeyError, TypeError) as error:
            raise RunError(f"{path} is not a saved forecaster: {error} is missing.") from error

    @classmethod
    def _from_file(cls, tensors: dict[str, torch.Tensor], values: dict[str, Any], device: str) -> Forecaster:
        stored = dict(values["options"])
        stored["training"] = TrainingOptions(**stored["training"])
        options = replace(ForecastOptions(**stored), device=device)
        encoder = InputEncoder.from_dict(values["encoder"])
        geometry = Geometry(**{**values["geometry"], "seasons": tuple(values["geometry"]["seasons"])})
        scaling = values["scaling"]
        columns = encoder.columns
        self = cls(
            horizon=values["horizon"],
            time=columns.time,
            target=columns.target,
            series=columns.series,
            known=columns.known,
            past=columns.past,
            options=options,
        )
        self._model = ForecastModel(
            encoder,
            geometry,
            Scaling(scaling["kind"], np.array(scaling["locations"]), np.array(scaling["scales"])),
            tuple(values["names"]),
            LinearBranch(tensors["linear.shared"], tensors["linear.stepwise"], values["penalty"]),
            _network_from(tensors, encoder, geometry, options),
            Calibration(options.quantiles, tuple(values["calibration"])),
        )
        return self

    def _panel(self, table: pl.DataFrame, frequency: str | None = None) -> Panel:
        options = self.options
        return build_panel(
            table, self.columns, frequency=frequency or options.frequency, time_zone=options.time_zone
        )

    def _arrays_and_splits(self, frame: Any) -> tuple[PanelArrays, tuple[TimeSplit, ...]]:
        if frame is None:
            return self.fitted.arrays, self.fitted.splits
        split = split_panel(
            self._panel(read_table(frame), self.model.encoder.frequency.every), self.horizon, self.options
        )
        return self.model.arrays_of(split.panel), split.splits

    def _forecast_at(self, arrays: PanelArrays, origins: np.ndarray) -> pl.DataFrame:
        geometry = self.model.geometry
        baselines = {"last value": last_value(arrays, origins, geometry)}
        for season in geometry.seasons:
            baselines[_season_name(season)] = seasonal_naive(arrays, origins, geometry, season)
        baselines["ridge"] = self.model.linear_forecast(arrays, origins)
        return self.model.forecast_frame(arrays, origins, baselines)

    def _score(self, forecasts: pl.DataFrame, frame: Any, part: str) -> ScoreTable:
        arrays, splits = self._arrays_and_splits(frame)
        begins, _ = _span(splits, part)
        scales = {
            name: naive_scale(arrays.target[start : start + begin], self.model.geometry.season)
            for name, start, begin in zip(arrays.names, arrays.starts, begins, strict=True)
        }
        return score_forecasts(
            forecasts,
            self.options.quantiles,
            scales,
            model=self.name,
            baselines=self.baseline_names,
            part=part,
        )

    def _origin_rows(
        self, arrays: PanelArrays, panel: Panel, origins: int | Sequence[Any] | None
    ) -> np.ndarray:
        ends = np.array([one.num_observed for one in panel.series])
        if origins is None:
            if self._fit is None or arrays is not self._fit.arrays:
                raise OptionError("Say which `origins` to forecast from: a number, or time stamps.")
            begins, ends = _span(self._fit.splits, "test")
            return scoring_origins(arrays, self.model.geometry, begins, ends)
        if isinstance(origins, int):
            begins = ends - origins * self.horizon
            if origins < 1 or begins.min() < 1:
                most = int((ends.min() - 1) // self.horizon)
                raise DataError(f"`origins` must be between 1 and {most} here, but it is {origins}.")
            return scoring_origins(arrays, self.model.geometry, begins, ends)
        return np.array([row for stamp in origins for row in self._rows_after(arrays, ends, stamp)])

    def _rows_after(self, arrays: PanelArrays, ends: np.ndarray, stamp: Any) -> list[int]:
        """Return the row after `stamp` in each series that has it and room for a horizon."""
        rows = []
        for times, start, end in zip(arrays.times, arrays.starts, ends, strict=True):
            at = times.head(end - self.horizon).index_of(stamp)
            if at is not None:
                rows.append(int(start + at + 1))
        if not rows:
            raise DataError(f"No series has a step at {stamp} with {self.horizon} observed steps after it.")
        return rows

    def _require_future(self, panel: Panel) -> Panel:
        """Refuse a known covariate without a future, unless training had missing values in it, too."""
        always = [one for one in self.model.encoder.known.numeric if not one.has_indicator]
        for one in panel.series:
            ahead = one.frame.slice(one.num_observed, self.horizon)
            for encoder in always:
                present = is_observed(ahead[encoder.name])
                if len(ahead) == self.horizon and present.all():
                    continue
                at = int(np.argmin(present)) if len(present) and not present.all() else len(ahead)
                whose = "" if one.name is None else f" of series {one.name!r}"
                times = panel.frequency.following(
                    one.frame[self.columns.time].slice(one.num_observed - 1, 1), self.horizon
                )
                raise DataError(
                    f"The known covariate {encoder.name!r}{whose} has no value at {times[at]}, one of the "
                    f"{self.horizon} steps to forecast. Give its future as rows after the last "
                    f"{self.columns.target!r}, or in a table of its own (future=..., --future)."
                )
        return panel

    def _error_by_step(self, forecasts: pl.DataFrame) -> dict[str, list[float]]:
        centre = min(self.options.quantiles, key=lambda level: abs(level - 0.5))
        columns = {self.name: quantile_column(centre), **{name: name for name in self.baseline_names}}
        errors = forecasts.group_by("step", maintain_order=True).agg(
            (pl.col("target") - pl.col(column)).abs().mean().alias(name) for name, column in columns.items()
        )
        return {name: errors[name].fill_null(float("nan")).to_list() for name in columns}

    def _calibration_points(self, part: str, forecasts: pl.DataFrame) -> list[CalibrationPoint]:
        fit = self.fitted
        origins = scoring_origins(fit.arrays, self.model.geometry, *_span(fit.splits, part))
        raw = self.model.quantiles(fit.arrays, origins, calibrated=False).reshape(
            -1, len(self.options.quantiles)
        )
        truth = forecasts["target"].to_numpy()
        observed = np.isfinite(truth)
        points = []
        for at, level in enumerate(self.options.quantiles):
            after = forecasts[quantile_column(level)].to_numpy()
            points.append(
                CalibrationPoint(
                    level,
                    float((truth <= raw[:, at])[observed].mean()),
                    float((truth <= after)[observed].mean()),
                )
            )
        return points


def _network_from(
    tensors: dict[str, torch.Tensor], encoder: InputEncoder, geometry: Geometry, options: ForecastOptions
) -> ForecastNetwork:
    sizes = BatchMaker.sizes_for(encoder, geometry)
    network = ForecastNetwork(
        sizes,
        cell=options.cell,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        dropout=options.dropout,
        levels=options.quantiles,
    ).to(options.device)
    weights = {name: tensor for name, tensor in tensors.items() if name.startswith("network.")}
    network.load_state_dict({name.removeprefix("network."): tensor for name, tensor in weights.items()})
    return network.eval()


def _append(table: pl.DataFrame, future: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Put the rows of the future after the past; the future needs no target and no past covariates."""
    missing = [
        name for name in (columns.time, columns.series, *columns.known) if name and name not in future.columns
    ]
    if missing:
        raise DataError(
            f"The table of the future lacks the column {missing[0]!r}; it has {', '.join(future.columns)}."
        )
    used = [name for name in table.columns if name in future.columns and name != columns.target]
    try:
        return pl.concat([table, future.select(used)], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"The tables of the past and of the future do not fit together: {error}.") from error


def _span(splits: Sequence[TimeSplit], part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the first step of a part of each series and the step after its last."""
    begins, ends = ("validation_end", "test_end") if part == "test" else ("train_end", "validation_end")
    return (
        np.array([getattr(split, begins) for split in splits]),
        np.array([getattr(split, ends) for split in splits]),
    )


def _season_name(season: int) -> str:
    return f"seasonal naive ({season} steps)"


def _history(name: str | None, frame: pl.DataFrame, columns: Columns, split: TimeSplit) -> SeriesHistory:
    observed = frame.head(split.test_end)
    return SeriesHistory(
        name=name,
        times=observed[columns.time].to_list(),
        values=observed[columns.target].to_list(),
        validation_start=split.train_end,
        test_start=split.validation_end,
    )
