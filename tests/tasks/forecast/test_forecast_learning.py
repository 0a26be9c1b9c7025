"""Which windows the network learns from, and what it is told of the linear branch."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from forecast_tables import hourly_table, rich_forecaster, small_options, three_series

from elman.tasks import Forecaster
from elman.tasks.forecast import fitting
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.learning import ForecastTraining
from elman.tasks.forecast.linear import LinearBranch, LinearInputs
from elman.tasks.forecast.network import Batch
from elman.tasks.forecast.origins import training_origins, validation_origins


def training_of(forecaster: Forecaster, table: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fit, and return the training task of the fit."""
    tasks = []

    class Kept(ForecastTraining):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            tasks.append(self)

    monkeypatch.setattr(fitting, "ForecastTraining", Kept)
    forecaster.fit(table)
    return tasks[0]


def test_the_network_reads_out_of_fold_forecasts_in_training(monkeypatch: pytest.MonkeyPatch):
    """Those of the fitted regression would be better than any that it meets later."""
    forecaster = rich_forecaster()
    task = training_of(forecaster, hourly_table(), monkeypatch)
    model, arrays, split = forecaster.model, forecaster.fitted.arrays, forecaster.fitted.splits[0]
    inputs = LinearInputs(arrays, model.encoder, model.geometry, model.linear_scaling)
    training = training_origins(arrays, model.geometry, np.array([split.train_end]))
    num_groups = len(model.linear.shared)
    _, honest = LinearBranch.fit(inputs, training, num_groups, model.linear.penalty, 5)
    assert (task.origins == training).all()
    np.testing.assert_allclose(task.honest, honest)
    assert np.abs(task.honest - model.linear_forecast(arrays, training)).max() > 1e-3
    assert (task.validation == validation_origins(arrays, model.geometry, (split,))).all()
    np.testing.assert_allclose(task.guides, model.linear_forecast(arrays, task.validation))


def test_each_window_comes_with_its_own_linear_forecast(monkeypatch: pytest.MonkeyPatch):
    task = training_of(rich_forecaster(), hourly_table(), monkeypatch)
    made, make = [], BatchMaker.make

    def kept(self: BatchMaker, origins: np.ndarray, linear: np.ndarray) -> Batch:
        made.append((origins, linear))
        return make(self, origins, linear)

    monkeypatch.setattr(BatchMaker, "make", kept)
    task.loss(3)
    ((origins, linear),) = made
    assert len(origins) == 8
    places = np.searchsorted(task.origins, origins)
    assert (task.origins[places] == origins).all()
    assert (task.honest[places] == linear).all()


def test_windows_are_drawn_by_seed_and_step_alone(monkeypatch: pytest.MonkeyPatch):
    task = training_of(rich_forecaster(batch_size=200), hourly_table(), monkeypatch)
    first = task._draw(1)
    torch.manual_seed(9)
    assert (task._draw(1) == first).all()
    assert (task._draw(2) != first).any()
    task.options = small_options(batch_size=200, seed=1)
    assert (task._draw(1) != first).any()
    # All windows may be drawn, the first and the last too.
    drawn = np.concatenate([task._draw(step) for step in range(60)])
    assert drawn.min() == 0
    assert drawn.max() == len(task.origins) - 1


def test_a_batch_holds_what_the_table_holds(rich: Forecaster, hourly: pl.DataFrame):
    """Every channel against the table, at a window in the middle."""
    model, arrays = rich.model, rich.fitted.arrays
    geometry, at = model.geometry, 200
    linear = np.arange(6.0)[None]
    batch = model.batches_of(arrays).make(arrays.starts + at, linear)
    location, scale = model.scaling.locations[0], model.scaling.scales[0]
    values = (hourly["y"].to_numpy() - location) / scale
    heat, holiday = hourly["heat"].to_numpy(), hourly["holiday"].to_numpy()
    heat = (heat - model.encoder.known.numeric[0].mean) / model.encoder.known.numeric[0].std  # type: ignore[union-attr]
    load = hourly["load"].to_numpy()
    load = (load - model.encoder.past.numeric[0].mean) / model.encoder.past.numeric[0].std  # type: ignore[union-attr]
    context, calendar = slice(at - geometry.context, at), model.encoder.calendar_of(hourly["time"])
    past = np.column_stack(
        [
            values[context],
            np.ones(geometry.context),
            heat[context],
            holiday[context],
            load[context],
            calendar[context],
        ]
    )
    np.testing.assert_allclose(batch.past[:, 0].numpy(), past, rtol=1e-5, atol=1e-6)
    ahead = slice(at, at + 6)
    assert geometry.lags[0] == 24
    lags = [part for lag in geometry.lags for part in (values[at - lag : at - lag + 6], np.ones(6))]
    events = holiday[at - 24 : at - 18], holiday[at + 24 : at + 30]
    guide = (linear[0] - location) / scale
    future = np.column_stack([heat[ahead], holiday[ahead], *events, calendar[ahead], *lags, guide])
    np.testing.assert_allclose(batch.future[:, 0].numpy(), future, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(batch.target[:, 0].numpy(), values[ahead], rtol=1e-5)
    np.testing.assert_allclose(batch.bases[:, 0, 0].numpy(), values[at - 24 : at - 18], rtol=1e-5)
    codes = hourly["sky"].replace_strict({"blue": 1, "grey": 2, "white": 3}).to_numpy()
    assert batch.past_codes[:, 0, 0].tolist() == codes[context].tolist()
    assert batch.future_codes[:, 0, 0].tolist() == codes[ahead].tolist()


def test_the_room_around_a_series_holds_nothing(several: Forecaster):
    arrays = several.fitted.arrays
    is_inside = np.zeros(len(arrays.target), dtype=bool)
    for start, length in zip(arrays.starts, arrays.num_steps, strict=True):
        is_inside[start : start + length] = True
    assert np.isnan(arrays.target[~is_inside]).all()
    assert np.isfinite(arrays.target[is_inside]).all()
    for values in (arrays.known, arrays.past, arrays.known_codes, arrays.past_codes):
        assert (values[~is_inside] == 0).all()
    batches = several.model.batches_of(arrays)
    batch = batches.make(arrays.starts + 3, np.zeros((3, 6)))
    assert (batch.past[:-3, :, 1] == 0).all()
    assert (batch.past[-3:, :, 1] == 1).all()


def test_the_largest_table_gives_a_sample_of_its_windows(
    monkeypatch: pytest.MonkeyPatch, several: Forecaster
):
    arrays, geometry = several.fitted.arrays, several.model.geometry
    ends = np.array([split.train_end for split in several.fitted.splits])
    whole = training_origins(arrays, geometry, ends)
    monkeypatch.setattr("elman.tasks.forecast.origins._MAX_TRAINING_WINDOWS", 50)
    some = training_origins(arrays, geometry, ends)
    assert len(some) == len(set(some.tolist())) == 50
    assert (np.diff(some) > 0).all()
    assert set(some.tolist()) < set(whole.tolist())
    assert set(arrays.owner[some].tolist()) == {0, 1, 2}


def test_validation_windows_stand_at_every_place_in_the_season(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("elman.tasks.forecast.origins._MAX_VALIDATION_WINDOWS", 60)
    forecaster = rich_forecaster(validation=240, test=48).fit(hourly_table(800))
    arrays, splits = forecaster.fitted.arrays, forecaster.fitted.splits
    origins = validation_origins(arrays, forecaster.model.geometry, splits)
    assert 40 <= len(origins) <= 80
    assert set(arrays.phase[origins].tolist()) == set(range(24))


def test_a_diverging_batch_names_its_series(monkeypatch: pytest.MonkeyPatch):
    options = small_options()
    forecaster = Forecaster(horizon=6, time="time", target="y", series="series", options=options)
    task = training_of(forecaster, three_series(), monkeypatch)
    assert task.describe_batch(1).startswith("batch of 8 windows: series '")
    assert " from 2024-01-" in task.describe_batch(1)
