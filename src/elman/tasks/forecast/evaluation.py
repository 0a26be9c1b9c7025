"""A fitted model judged on a table: forecasts from many origins, beside the baselines', and their scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from elman.data import Panel, TimeSplit
from elman.errors import DataError, OptionError
from elman.tasks.forecast.arrays import PanelArrays
from elman.tasks.forecast.baselines import last_value, seasonal_naive
from elman.tasks.forecast.metrics import quantile_column, score_forecasts
from elman.tasks.forecast.model import ForecastModel
from elman.tasks.forecast.origins import scoring_origins
from elman.tasks.forecast.quantiles import centre_of
from elman.tasks.forecast.stamps import as_stamp
from elman.tasks.forecast.windows import naive_error
from elman.tasks.results import CalibrationPoint, ScoreTable, SeriesHistory

PARTS = ("test", "validation")


@dataclass(frozen=True)
class Evaluation:
    """A model and a table.

    Args:
        model: fitted.
        name: what the model is called beside the baselines.
        panel: the table's series.
        splits: where their parts end.
        arrays: the panel as arrays.
    """

    model: ForecastModel
    name: str
    panel: Panel
    splits: tuple[TimeSplit, ...]
    arrays: PanelArrays

    @property
    def baselines(self) -> list[str]:
        """The baselines' names, in the order of the score table."""
        return ["last value", *map(self._season_name, self.model.geometry.seasons), "ridge"]

    def origins_of(self, part: str) -> np.ndarray:
        """Return one origin per horizon over a part, (N,) rows.

        Raises:
            OptionError: there is no such part.
        """
        if part not in PARTS:
            raise OptionError(f"`part` must be one of {', '.join(PARTS)}, but it is {part!r}.")
        begins, ends = self._span(part)
        origins = scoring_origins(self.arrays, self.model.geometry, begins, ends)
        if len(origins) == 0:
            raise OptionError(f"There is no {part} part: the forecaster was fitted with {part}=0.")
        return origins

    def origins_at(self, origins: int | Sequence[Any]) -> np.ndarray:
        """Return the origins that a person asked for, (N,) rows.

        Args:
            origins: how many, one horizon apart, the last one horizon before the end of each series; or
                the time stamps of the last step before each forecast.

        Raises:
            DataError: a series is too short for so many, or none has the time stamp.
            OptionError: it is neither, or a time stamp is of another kind than the table's.
        """
        ends = np.array([one.num_observed for one in self.panel.series])
        if not isinstance(origins, int | np.integer) or isinstance(origins, bool):
            stamps = list(origins) if isinstance(origins, Iterable) and not isinstance(origins, str) else []
            if not stamps:
                raise OptionError(
                    "`origins` must be a number of forecasts or a list of time stamps, "
                    f"but it is {origins!r}."
                )
            return np.array([row for stamp in stamps for row in self._rows_after(ends, stamp)])
        horizon = self.model.geometry.horizon
        begins = ends - int(origins) * horizon
        if origins < 1 or begins.min() < 1:
            most = int((ends.min() - 1) // horizon)
            raise DataError(f"`origins` must be between 1 and {most} here, but it is {origins}.")
        return scoring_origins(self.arrays, self.model.geometry, begins, ends)

    def forecasts(self, origins: np.ndarray) -> pl.DataFrame:
        """Return the model's forecasts, the truth and the baselines' forecasts from `origins`."""
        arrays, geometry = self.arrays, self.model.geometry
        baselines = {"last value": last_value(arrays, origins, geometry)}
        for season in geometry.seasons:
            baselines[self._season_name(season)] = seasonal_naive(arrays, origins, geometry, season)
        baselines["ridge"] = self.model.linear_forecast(arrays, origins)
        return self.model.forecast_frame(arrays, origins, baselines)

    def scores(self, part: str, forecasts: pl.DataFrame) -> ScoreTable:
        """Score forecasts of a part; the unit of MASE comes from what lies before it."""
        begins, _ = self._span(part)
        scales = {
            name: naive_error(self.arrays.target[start : start + begin], self.model.geometry.season)
            for name, start, begin in zip(self.arrays.names, self.arrays.starts, begins, strict=True)
        }
        levels = self.model.calibration.levels
        return score_forecasts(
            forecasts, levels, scales, model=self.name, baselines=self.baselines, part=part
        )

    def error_by_step(self, forecasts: pl.DataFrame) -> dict[str, list[float]]:
        """Return the mean absolute error of the model and of each baseline at each step, (horizon,)."""
        levels = self.model.calibration.levels
        columns = {self.name: quantile_column(levels[centre_of(levels)])}
        columns |= {name: name for name in self.baselines}
        errors = forecasts.group_by("step", maintain_order=True).agg(
            (pl.col("target") - pl.col(column)).abs().mean().alias(name) for name, column in columns.items()
        )
        return {name: errors[name].fill_null(float("nan")).to_list() for name in columns}

    def calibration(self, part: str, forecasts: pl.DataFrame) -> list[CalibrationPoint]:
        """Return how often the truth fell below each quantile, before and after calibration."""
        levels = self.model.calibration.levels
        raw = self.model.quantiles(self.arrays, self.origins_of(part), calibrated=False)
        truth = forecasts["target"].fill_null(float("nan")).to_numpy()
        observed = np.isfinite(truth)
        if not observed.any():
            return []
        return [
            CalibrationPoint(
                level,
                before=float((truth <= raw[..., at].ravel())[observed].mean()),
                after=float((truth <= forecasts[quantile_column(level)].to_numpy())[observed].mean()),
            )
            for at, level in enumerate(levels)
        ]

    def histories(self, most: int) -> list[SeriesHistory]:
        """Return what was observed of the first `most` series."""
        columns = self.panel.columns
        histories = []
        for one, split in list(zip(self.panel.series, self.splits, strict=True))[:most]:
            observed = one.frame.head(split.test_end)
            histories.append(
                SeriesHistory(
                    name=one.name,
                    times=observed[columns.time].to_list(),
                    values=observed[columns.target].to_list(),
                    validation_start=split.train_end,
                    test_start=split.validation_end,
                )
            )
        return histories

    def _span(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the first step of a part of each series and the step after its last."""
        begins, ends = ("validation_end", "test_end") if part == "test" else ("train_end", "validation_end")
        return (
            np.array([getattr(split, begins) for split in self.splits]),
            np.array([getattr(split, ends) for split in self.splits]),
        )

    def _rows_after(self, ends: np.ndarray, stamp: Any) -> list[int]:
        """Return the row after `stamp` in each series that has it and room for a horizon."""
        horizon, rows = self.model.geometry.horizon, []
        for times, start, end in zip(self.arrays.times, self.arrays.starts, ends, strict=True):
            at = times.head(end - horizon).index_of(as_stamp(stamp, times)[0])
            if at is not None:
                rows.append(int(start + at + 1))
        if not rows:
            raise DataError(f"No series has a step at {stamp} with {horizon} observed steps after it.")
        return rows

    def _season_name(self, season: int) -> str:
        return f"seasonal naive ({self.panel.frequency.season_word(season)})"
