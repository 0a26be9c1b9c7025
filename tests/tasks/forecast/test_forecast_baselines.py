"""Naive forecasts against examples computed by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from forecast_tables import START, arrays_of, plain_arrays, small_forecaster, stacked_table

from elman.tasks.forecast.baselines import last_value, seasonal_naive
from elman.tasks.forecast.windows import Geometry, naive_error

NAN = float("nan")


def forecasts(values: list[float], *, horizon: int, season: int | None = None, at: int | None = None):
    """Forecast from after the last value, or from step `at`."""
    arrays = plain_arrays(values)
    geometry = Geometry(4, horizon, (season,) if season else (), 4)
    origins = arrays.starts + (len(values) if at is None else at)
    if season is None:
        return last_value(arrays, origins, geometry)[0].tolist()
    return seasonal_naive(arrays, origins, geometry, season)[0].tolist()


def test_the_last_value_stands_at_every_step():
    assert forecasts([1, 2, 3], horizon=3) == [3, 3, 3]
    assert forecasts([1, 2, NAN, NAN, 9], horizon=2, at=4) == [2, 2]


def test_the_last_value_is_found_however_long_ago():
    assert forecasts([5.0, *[NAN] * 200, 1.0], horizon=2, at=201) == [5, 5]


def test_the_season_before():
    assert forecasts([1, 2, 3, 4, 5, 6], horizon=2, season=3) == [4, 5]
    assert forecasts([1, 2, 3, 4, 5, 6], horizon=2, season=3, at=5) == [3, 4]


def test_a_horizon_beyond_the_season_repeats_it():
    assert forecasts([0, 0, 0, 4, 5, 6], horizon=8, season=3) == [4, 5, 6, 4, 5, 6, 4, 5]


def test_a_missing_value_is_that_of_the_season_before():
    assert forecasts([1, 2, 3, NAN, 5, 6], horizon=4, season=3) == [1, 5, 6, 1]
    assert forecasts([7, 0, NAN, 0, NAN, 0, NAN, 0], horizon=2, season=2) == [7, 0]


def test_where_four_seasons_back_nothing_was_the_last_value_stands():
    values = [7, 0, *[NAN, 0] * 4]
    assert forecasts(values, horizon=2, season=2) == [0, 0]


def test_a_series_shorter_than_its_season_gives_its_last_value():
    assert forecasts([3, 4], horizon=3, season=7) == [4, 4, 4]


def test_no_series_reads_the_one_before_it():
    """The first steps of the second series are forecast from nothing else."""
    table = stacked_table(
        a=pl.DataFrame({"time": range(60), "y": [100.0] * 60}),
        b=pl.DataFrame({"time": range(60), "y": [float(step) for step in range(60)]}),
    )
    forecaster = small_forecaster(3, series="series").fit(table)
    arrays = arrays_of(forecaster, table)
    geometry = forecaster.model.geometry
    origins = np.array([arrays.starts[1] + 1])
    assert last_value(arrays, origins, geometry)[0].tolist() == [0, 0, 0]
    for season in (2, 5, 40):
        assert seasonal_naive(arrays, origins, geometry, season)[0].tolist() == [0, 0, 0]


def test_the_table_of_scores_holds_each_baseline_and_its_error():
    """The columns beside the forecasts, their MASE and the seasonal naive unit, from raw values."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=24 * 20).round(2)
    stamps = pl.Series([START]).dt.offset_by("0h").new_from_index(0, len(values))
    stamps = stamps.dt.offset_by(pl.Series([f"{step}h" for step in range(len(values))]))
    table = pl.DataFrame({"time": stamps, "y": values})
    forecaster = small_forecaster(6, validation=24, test=48).fit(table)
    forecast = forecaster.backtest()
    begin = len(values) - 48
    origins = range(begin, len(values), 6)
    daily = np.concatenate([values[origin - 24 : origin - 18] for origin in origins])
    last = np.concatenate([[values[origin - 1]] * 6 for origin in origins])
    truth = values[begin:]
    assert forecast["target"].to_list() == truth.tolist()
    assert forecast["seasonal naive (1 day)"].to_list() == daily.tolist()
    assert forecast["last value"].to_list() == last.tolist()
    unit = np.abs(values[24:begin] - values[: begin - 24]).mean()
    assert naive_error(values[:begin], 24) == pytest.approx(unit)
    rows = {row.model: row.metrics for row in forecaster.evaluate().rows}
    assert list(rows) == [
        forecaster.name,
        "last value",
        "seasonal naive (1 day)",
        "seasonal naive (1 week)",
        "ridge",
    ]
    assert rows["seasonal naive (1 day)"]["MASE"] == pytest.approx(np.abs(truth - daily).mean() / unit)
    assert rows["last value"]["MAE"] == pytest.approx(np.abs(truth - last).mean())
    centre = forecast["q0.5"].to_numpy()
    assert rows[forecaster.name]["RMSE"] == pytest.approx(np.sqrt(((truth - centre) ** 2).mean()))
    by_step = forecaster.report().error_by_step
    assert by_step["last value"] == pytest.approx(np.abs(truth - last).reshape(-1, 6).mean(axis=0).tolist())
    assert by_step[forecaster.name] == pytest.approx(
        np.abs(truth - centre).reshape(-1, 6).mean(axis=0).tolist()
    )
