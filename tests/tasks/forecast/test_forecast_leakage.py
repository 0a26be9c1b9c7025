"""Nothing that a forecast reads, and nothing that it learned, comes from later than it may."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from forecast_tables import (
    HORIZON,
    assert_same_model,
    hourly_table,
    quantiles_of,
    rich_forecaster,
    small_forecaster,
    stacked_table,
    three_series,
)

from elman.data import Panel, build_panel
from elman.tasks import Forecaster
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.baselines import last_value, seasonal_naive
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.linear import LinearBranch, LinearInputs
from elman.tasks.forecast.origins import training_origins
from elman.tasks.forecast.windows import SCALINGS, Scaling

SEASON = 24
GARBAGE = {"huge": 1e12, "zero": 0.0, "absent": None}


def spoilt(table: pl.DataFrame, row: int, value: float | None) -> pl.DataFrame:
    """Replace what lies after a moment: targets and past covariates from `row` on, known ones a window later.

    The last row's target stays, so that the series is as long as it was.
    """
    place = pl.int_range(pl.len())
    target = pl.when((place >= row) & (place < pl.len() - 1)).then(value).otherwise(pl.col("y"))
    later = place >= row + HORIZON + SEASON
    return table.with_columns(
        y=target,
        load=pl.when(place >= row).then(value).otherwise(pl.col("load")),
        heat=pl.when(later).then(value).otherwise(pl.col("heat")),
        holiday=pl.when(later).then(~pl.col("holiday")).otherwise(pl.col("holiday")),
        sky=pl.when(later).then(pl.lit("purple")).otherwise(pl.col("sky")),
    )


def with_gaps(table: pl.DataFrame) -> pl.DataFrame:
    """Take out single targets and covariates, and half a day of everything."""
    step = pl.int_range(pl.len())
    table = table.with_columns(
        y=pl.when(step % 17 == 5).then(None).otherwise(pl.col("y")),
        heat=pl.when(step % 29 == 3).then(None).otherwise(pl.col("heat")),
        load=pl.when(step % 31 == 7).then(None).otherwise(pl.col("load")),
    )
    return table.filter(~step.is_between(100, 112))


def arrays_with(forecaster: Forecaster, table: pl.DataFrame) -> PanelArrays:
    return forecaster.model.arrays_of(panel_with(forecaster, table))


def panel_with(forecaster: Forecaster, table: pl.DataFrame) -> Panel:
    return build_panel(table, forecaster.columns, frequency="1h")


def same_batches(one: BatchMaker, other: BatchMaker, origins: np.ndarray) -> None:
    """Compare everything the network reads, and with it the truth of the window."""
    linear = np.zeros((len(origins), one.geometry.horizon))
    mine, theirs = one.make(origins, linear), other.make(origins, linear)
    for field in fields(mine):
        assert torch.equal(getattr(mine, field.name), getattr(theirs, field.name)), field.name


@pytest.fixture(scope="module", params=["whole", "with gaps"])
def table(request: pytest.FixtureRequest) -> pl.DataFrame:
    whole = hourly_table()
    return whole if request.param == "whole" else with_gaps(whole)


@pytest.fixture(scope="module")
def fitted(table: pl.DataFrame) -> Forecaster:
    return rich_forecaster().fit(table)


@pytest.mark.parametrize("value", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("ahead", [1, 3, HORIZON])
def test_no_forecast_reads_what_comes_after_its_origin(
    fitted: Forecaster, table: pl.DataFrame, value: float | None, ahead: int
):
    cut = 200
    clean = fitted.model.arrays_of(panel_with(fitted, table))
    start = clean.starts[0]
    row = int(np.searchsorted(table["time"].to_numpy(), clean.times[0].to_numpy()[cut]))
    dirty = arrays_with(fitted, spoilt(table, row, value))
    origins = start + np.array([cut - 30 * ahead, cut - ahead, cut])
    assert (fitted.model.quantiles(clean, origins) == fitted.model.quantiles(dirty, origins)).all()
    geometry = fitted.model.geometry
    assert (last_value(clean, origins, geometry) == last_value(dirty, origins, geometry)).all()
    for season in (7, SEASON):
        naive = [seasonal_naive(arrays, origins, geometry, season) for arrays in (clean, dirty)]
        assert (naive[0] == naive[1]).all()
    later = np.array([start + cut + 30])
    assert not np.array_equal(fitted.model.quantiles(clean, later), fitted.model.quantiles(dirty, later))


@pytest.mark.parametrize("value", GARBAGE.values(), ids=GARBAGE)
def test_backtests_of_series_that_training_never_saw_read_no_later_value(
    several: Forecaster, value: float | None
):
    fresh = hourly_table(seed=9)
    stamps = [fresh["time"][at] for at in (150, 199)]
    clean = several.backtest(stacked_table(new=fresh), stamps)
    dirty = several.backtest(stacked_table(new=spoilt(fresh, 200, value)), stamps)
    assert (quantiles_of(clean) == quantiles_of(dirty)).all()
    assert (clean["ridge"] == dirty["ridge"]).all()


@pytest.mark.parametrize("value", [1e12, -7.0])
def test_a_fit_does_not_read_the_test_part(table: pl.DataFrame, fitted: Forecaster, value: float):
    split = fitted.fitted.splits[0]
    assert split.test_end - split.validation_end >= HORIZON
    first = fitted.fitted.arrays.times[0][split.validation_end]
    is_test = pl.col("time") >= first
    later = pl.col("time") >= first + pl.duration(hours=SEASON)
    changed = table.with_columns(
        y=pl.when(is_test & pl.col("y").is_not_null()).then(value).otherwise(pl.col("y")),
        load=pl.when(is_test).then(-value).otherwise(pl.col("load")),
        heat=pl.when(is_test).then(value).otherwise(pl.col("heat")),
        sky=pl.when(is_test).then(pl.lit("purple")).otherwise(pl.col("sky")),
        holiday=pl.when(later).then(~pl.col("holiday")).otherwise(pl.col("holiday")),
    )
    assert_same_model(rich_forecaster().fit(changed), fitted)


def test_a_fit_of_several_series_does_not_read_their_test_parts(several: Forecaster, stacked: pl.DataFrame):
    splits = dict(zip(several.model.names, several.fitted.splits, strict=True))
    place = pl.int_range(pl.len()).over("series")
    first = pl.col("series").replace_strict({name: split.validation_end for name, split in splits.items()})
    changed = stacked.with_columns(
        y=pl.when(place >= first).then(1e9).otherwise(pl.col("y")),
        load=pl.when(place >= first).then(1e9).otherwise(pl.col("load")),
    )
    again = Forecaster(
        horizon=HORIZON,
        time="time",
        target="y",
        series="series",
        known=several.columns.known,
        past=several.columns.past,
        options=several.options,
    ).fit(changed)
    assert_same_model(again, several)


@pytest.mark.parametrize("value", [1e12, None])
def test_what_training_reads_does_not_depend_on_later_parts(
    fitted: Forecaster, table: pl.DataFrame, value: float | None
):
    """Encoders, scalings, batches and linear inputs of training are the same; only a choice may differ."""
    end = fitted.fitted.splits[0].train_end
    clean = panel_with(fitted, table)
    row = int((table["time"] < clean.series[0].frame["time"][end]).sum())
    dirty = panel_with(fitted, spoilt(table, row, value))
    encoder = InputEncoder.fit(clean, [end])
    assert encoder == InputEncoder.fit(dirty, [end])
    one, other = fitted.model.arrays_of(clean), fitted.model.arrays_of(dirty)
    geometry, ends = fitted.model.geometry, np.array([end])
    origins = training_origins(one, geometry, ends)
    assert (origins == training_origins(other, geometry, ends)).all()
    assert origins.max() + HORIZON <= one.starts[0] + end
    device = torch.device("cpu")
    for kind in SCALINGS:
        scaling = Scaling.fit(kind, one, ends, geometry.season)
        again = Scaling.fit(kind, other, ends, geometry.season)
        assert scaling.to_dict() == again.to_dict()
        mine, theirs = (LinearInputs(arrays, encoder, geometry, scaling) for arrays in (one, other))
        assert (mine.shared(origins) == theirs.shared(origins)).all()
        assert (mine.stepwise(origins) == theirs.stepwise(origins)).all()
        assert all(
            (a == b).all() for a, b in zip(mine.targets(origins), theirs.targets(origins), strict=True)
        )
        branch, honest = LinearBranch.fit(mine, origins, 1, 1e-2, 5)
        branch_again, honest_again = LinearBranch.fit(theirs, origins, 1, 1e-2, 5)
        assert torch.equal(branch.shared, branch_again.shared)
        assert (honest == honest_again).all()
        same_batches(
            BatchMaker(one, encoder, geometry, scaling, device),
            BatchMaker(other, encoder, geometry, scaling, device),
            origins,
        )


def test_training_windows_end_with_the_training_part_of_their_series(several: Forecaster):
    arrays, splits = several.fitted.arrays, several.fitted.splits
    ends = np.array([split.train_end for split in splits])
    origins = training_origins(arrays, several.model.geometry, ends)
    steps = origins - arrays.starts[arrays.owner[origins]]
    assert (steps + HORIZON <= ends[arrays.owner[origins]]).all()
    for owner, end in enumerate(ends):
        assert steps[arrays.owner[origins] == owner].max() == end - HORIZON


def test_missing_values_are_masked_and_not_filled(fitted: Forecaster, table: pl.DataFrame):
    """Where nothing was observed the network reads a zero beside a zero, whatever stands around."""
    arrays = arrays_with(fitted, with_gaps(hourly_table()))
    batches = fitted.model.batches_of(arrays)
    origins = arrays.starts[0] + np.array([110, 130, 200])
    batch = batches.make(origins, np.zeros((3, HORIZON)))
    context = fitted.model.geometry.context
    for at, origin in enumerate(origins):
        missing = np.isnan(arrays.target[origin - context : origin])
        assert missing.any()
        assert (batch.past[:, at, 0].numpy()[missing] == 0).all()
        assert (batch.past[:, at, 1].numpy() == ~missing).all()


def test_series_do_not_read_each_other(several: Forecaster, stacked: pl.DataFrame):
    """The room around a series holds nothing of its neighbours."""
    others = three_series().with_columns(
        y=pl.when(pl.col("series") == "b").then(pl.col("y")).otherwise(1e6),
        heat=pl.when(pl.col("series") == "b").then(pl.col("heat")).otherwise(-9.0),
    )
    one, other = arrays_with(several, stacked), arrays_with(several, others)
    start, length = one.starts[1], one.num_steps[1]
    origins = start + np.array([1, 2, length - 1, length])
    assert (several.model.quantiles(one, origins) == several.model.quantiles(other, origins)).all()


def test_forecasts_of_a_short_table_equal_those_of_a_long_one(rich: Forecaster, hourly: pl.DataFrame):
    """A forecast reads `rows_before` steps and no more."""
    end, needed = 200, rich.model.geometry.rows_before
    long = rich.predict(blank_after(hourly, end))
    short = rich.predict(blank_after(hourly, end)[end - needed :])
    assert (quantiles_of(long) == quantiles_of(short)).all()


def blank_after(table: pl.DataFrame, end: int) -> pl.DataFrame:
    place = pl.int_range(pl.len())
    blanks: dict[str, Any] = {
        name: pl.when(place < end).then(pl.col(name)).otherwise(None) for name in ("y", "load")
    }
    return table.with_columns(**blanks)


def test_an_own_scale_needs_a_series_of_its_own():
    """A series under a known name keeps the scale of training, however the new table is scaled."""
    forecaster = small_forecaster().fit(hourly_table().select("time", "y"))
    arrays = arrays_with(forecaster, hourly_table().select("time", pl.col("y") * 1000))
    scaling = forecaster.model.batches_of(arrays).scaling
    assert scaling.to_dict() == forecaster.model.scaling.to_dict()
