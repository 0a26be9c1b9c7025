"""Tables with gaps: nothing is filled in, nothing breaks, and what is missing weighs nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from forecast_tables import (
    HORIZON,
    KNOWN,
    PAST,
    arrays_of,
    hourly_table,
    plain_table,
    quantiles_of,
    rich_forecaster,
    small_forecaster,
    three_series,
)

from elman.errors import DataError
from elman.tasks import Forecaster
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.learning import ForecastTraining
from elman.tasks.forecast.model import predict_scaled
from elman.tasks.forecast.network import Batch
from elman.tasks.forecast.quantiles import pinball_loss
from elman.tasks.forecast.windows import SCALINGS, Geometry, Scaling

PLACE = pl.int_range(pl.len())


def without(table: pl.DataFrame, gone: pl.Expr, *names: str) -> pl.DataFrame:
    return table.with_columns(pl.when(gone).then(None).otherwise(pl.col(name)).alias(name) for name in names)


GAPS = {
    "single targets": without(hourly_table(), PLACE % 7 == 2, "y"),
    "every other target": without(hourly_table(), PLACE % 2 == 1, "y"),
    "a whole day": without(hourly_table(), PLACE.is_between(96, 119), "y"),
    "a day without rows": hourly_table().filter(~PLACE.is_between(96, 119)),
    "longer than the context": without(hourly_table(), PLACE.is_between(40, 200), "y"),
    "every midnight": without(hourly_table(), PLACE % 24 == 0, "y"),
    "covariates": without(hourly_table(), PLACE % 5 == 1, *KNOWN, *PAST),
    "all covariates": without(hourly_table(), PLACE >= 0, *PAST),
    "covariates from some time on": without(hourly_table(), PLACE >= 150, *PAST),
    "in the held-out parts": without(hourly_table(), (PLACE > 280) & (PLACE % 3 > 0) & (PLACE < 319), "y"),
    "NaN and infinity": hourly_table().with_columns(
        y=pl.when(PLACE % 11 == 0).then(float("nan")).when(PLACE % 13 == 0).then(float("inf")).otherwise("y")
    ),
}


@pytest.mark.parametrize("gap", GAPS)
def test_tables_with_gaps_are_learned_forecast_and_scored(gap: str):
    table = GAPS[gap]
    forecaster = rich_forecaster().fit(table)
    forecast = forecaster.backtest()
    quantiles = quantiles_of(forecast)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert forecast.select("last value", "ridge").null_count().sum_horizontal().item() == 0
    assert np.isfinite(forecast["ridge"].to_numpy()).all()
    for row in forecaster.evaluate().rows:
        mae = row.metrics["MAE"]
        assert mae is not None
        assert mae < 20  # no gap was read as a number
    assert all(torch.isfinite(tensor).all() for tensor in forecaster.model.tensors().values())


def test_a_missing_truth_is_null_in_the_forecasts():
    forecaster = rich_forecaster().fit(GAPS["in the held-out parts"])
    forecast = forecaster.backtest()
    assert forecast["target"].null_count() > 0
    assert not forecast["target"].is_nan().any()


@pytest.fixture(scope="module")
def task() -> ForecastTraining:
    forecaster = rich_forecaster(dropout=0.0).fit(GAPS["single targets"])
    model, arrays = forecaster.model, forecaster.fitted.arrays
    batches = model.batches_of(arrays)
    origins = arrays.starts[0] + np.arange(50, 120)
    pair = (origins, np.zeros((len(origins), HORIZON)))
    return ForecastTraining(model.network, batches, forecaster.options, pair, pair)


class TestLoss:
    """What stands where the truth is missing moves neither loss nor gradient, through the whole network."""

    @pytest.mark.parametrize("garbage", [1e30, float("nan")])
    def test_garbage_where_nothing_was_observed(
        self, task: ForecastTraining, garbage: float, monkeypatch: pytest.MonkeyPatch
    ):
        make, batches = BatchMaker.make, []

        def spoilt(self: BatchMaker, origins: np.ndarray, linear: np.ndarray) -> Batch:
            batch = make(self, origins, linear)
            assert not batch.observed.all()
            batch.target[~batch.observed] = garbage
            batches.append(batch)
            return batch

        clean = self.loss_and_gradient(task)
        monkeypatch.setattr(BatchMaker, "make", spoilt)
        dirty = self.loss_and_gradient(task)
        assert batches
        assert all(torch.equal(one, other) for one, other in zip(clean, dirty, strict=True))
        assert any((gradient != 0).any() for gradient in clean[1:])

    def loss_and_gradient(self, task: ForecastTraining) -> list[torch.Tensor]:
        task.model.zero_grad()
        loss = task.loss(1)
        loss.backward()
        return [loss.detach(), *(p.grad.clone() for p in task.model.parameters() if p.grad is not None)]


def test_the_validation_loss_is_the_mean_over_windows(rich: Forecaster):
    """However many are read at once."""
    batches = rich.model.batches_of(rich.fitted.arrays)
    origins = rich.fitted.arrays.starts[0] + np.arange(2, 302)
    linear = np.zeros((300, HORIZON))
    task = ForecastTraining(rich.model.network, batches, rich.options, (origins, linear), (origins, linear))
    quantiles = torch.from_numpy(predict_scaled(rich.model.network, batches, origins, linear))
    truth = torch.from_numpy(batches.truth(origins))
    levels = torch.tensor(rich.options.quantiles, dtype=torch.float64)
    expected = pinball_loss(quantiles, truth, levels, torch.ones_like(truth, dtype=torch.bool))
    with torch.no_grad():
        assert task.validation_loss() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("kind", SCALINGS)
def test_scales_are_finite_and_positive_whatever_is_missing(kind: str):
    values: dict[str, list[float | None]] = {
        "one value": [3.0],
        "gaps": [1.0, None, None, 4.0, None, 2.0],
        "zeros": [0.0] * 6,
        "constant": [-7.1] * 6,
        "rounding": [0.1 + 0.2, 0.3, 0.3, 0.3, 0.3, 0.3],
        "nothing near the end": [5.0, 6.0, *[None] * 30, 1.0],
    }
    for name, series in values.items():
        forecaster = small_forecaster(2, test=2, validation=2).fit(plain_table(np.arange(40.0)))
        arrays = arrays_of(forecaster, plain_table(series))
        geometry = Geometry(3, 2, (), 3)
        end = np.array([len(series)])
        scaling = Scaling.fit(kind, arrays, end, 1)
        location, scale = scaling.at(arrays, arrays.starts + end, geometry)
        assert np.isfinite(location).all(), name
        assert (scale > 0).all(), name
        assert (scale < 100).all(), name


def test_a_window_without_observations_falls_back_on_its_series():
    values = [*[10.0, 12.0] * 20, *[None] * 30, 11.0]
    forecaster = small_forecaster(2, test=2, validation=2).fit(plain_table(np.arange(40.0)))
    arrays = arrays_of(forecaster, plain_table(values))
    scaling = Scaling.fit("window", arrays, np.array([40]), 1)
    location, scale = scaling.at(arrays, arrays.starts + 60, Geometry(3, 2, (), 3))
    assert location[0] == pytest.approx(11)
    assert scale[0] == pytest.approx(11)


def test_a_validation_part_without_observations_is_refused():
    values: list[float | None] = [float(step % 5) for step in range(100)]
    values[-12:-6] = [None] * 6
    with pytest.raises(DataError, match="validation part holds no window of 6 steps with an observed target"):
        small_forecaster(validation=6, test=6).fit(plain_table(values))


def test_observations_behind_the_last_whole_horizon_are_enough():
    values: list[float | None] = [float(step % 5) for step in range(100)]
    values[-16:-8] = [None] * 8
    forecaster = small_forecaster(validation=10, test=6).fit(plain_table(values))
    assert np.isfinite(quantiles_of(forecaster.predict(plain_table(values)))).all()


def test_a_training_part_without_observed_windows_is_refused():
    values: list[float | None] = [None] * 100
    values[0] = 1.0
    values[-12:] = [1.0, 2.0, 3.0, 4.0] * 3
    with pytest.raises(DataError, match="training part holds no window of 6 steps with an observed target"):
        small_forecaster(validation=6, test=6).fit(plain_table(values))


def test_series_with_gaps_share_a_network_with_whole_ones():
    table = without(three_series(), (pl.col("series") == "b") & (PLACE % 3 > 0), "y")
    forecaster = small_forecaster(series="series", known=KNOWN, past=PAST).fit(table)
    forecast = forecaster.predict(blank_end(table))
    assert np.isfinite(quantiles_of(forecast)).all()
    assert forecast["series"].to_list() == ["a"] * HORIZON + ["b"] * HORIZON + ["c"] * HORIZON


def blank_end(table: pl.DataFrame) -> pl.DataFrame:
    """Take away the last targets of each series: the rest of the rows is their future."""
    place = pl.int_range(pl.len()).reverse().over("series")
    return without(table, place < HORIZON, "y", *PAST)


def test_a_missing_past_covariate_at_the_end_is_no_error(rich: Forecaster, hourly: pl.DataFrame):
    table = without(hourly, PLACE >= 314, "y")
    forecast = rich.predict(without(table, PLACE >= 300, "load"))
    assert np.isfinite(quantiles_of(forecast)).all()
