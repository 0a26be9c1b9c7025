"""What the validation part decides is what a search by hand decides."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from forecast_tables import (
    HORIZON,
    hourly_table,
    plain_table,
    quantiles_of,
    rich_forecaster,
    small_forecaster,
)

from elman.tasks import Forecaster
from elman.tasks.forecast.calibration import Calibration
from elman.tasks.forecast.linear import PENALTIES, LinearBranch, LinearInputs
from elman.tasks.forecast.model import blend_in, predict_scaled
from elman.tasks.forecast.origins import training_origins, validation_origins
from elman.tasks.forecast.selection import choose_blend, choose_geometry, choose_linear
from elman.tasks.forecast.windows import SCALINGS, Scaling, future_rows


@pytest.fixture(scope="module", params=["a day to validate", "weeks to validate"])
def fitted(request: pytest.FixtureRequest) -> Forecaster:
    """In the second, the data allow a regression at each hour and a calibration."""
    if request.param == "a day to validate":
        return rich_forecaster(validation=24).fit(hourly_table())
    return small_forecaster(known=["heat"], validation=240, test=48).fit(hourly_table(1100))


def test_scaling_grouping_and_penalty_have_the_smallest_validation_error(fitted: Forecaster):
    model, arrays, split = fitted.model, fitted.fitted.arrays, fitted.fitted.splits[0]
    geometry, start, end = model.geometry, arrays.starts[0], np.array([split.train_end])
    training = training_origins(arrays, geometry, end)
    origins = np.arange(start + split.train_end, start + split.validation_end - HORIZON + 1, HORIZON)
    truth = arrays.target[future_rows(origins, HORIZON)]
    values = arrays.target[start : start + split.train_end]
    unit = np.abs(values[24:] - values[:-24]).mean()
    errors = {}
    enough = np.bincount(arrays.phase[training], minlength=24).min() >= 20
    for kind in SCALINGS:
        inputs = LinearInputs(arrays, model.encoder, geometry, Scaling.fit(kind, arrays, end, 24))
        for num_groups in (1, 24) if enough else (1,):
            for penalty in PENALTIES:
                branch, _ = LinearBranch.fit(inputs, training, num_groups, penalty, 0)
                error = np.abs(branch.predict(inputs, origins) - truth).mean() / unit
                errors[kind, num_groups, penalty] = error
    best = min(errors, key=lambda choice: errors[choice])
    choice = choose_linear(arrays, model.encoder, geometry, training, fitted.fitted.splits)
    assert (choice.scaling.kind, choice.num_groups, choice.penalty) == best
    assert choice.error == pytest.approx(errors[best], rel=1e-6)
    assert (model.linear_scaling.kind, len(model.linear.shared), model.linear.penalty) == best


def test_the_blend_has_the_smallest_validation_error(fitted: Forecaster):
    model, arrays = fitted.model, fitted.fitted.arrays
    batches = model.batches_of(arrays)
    origins = validation_origins(arrays, model.geometry, fitted.fitted.splits)
    linear = model.linear_forecast(arrays, origins)
    raw = predict_scaled(model.network, batches, origins, linear)
    location, scale = batches.scaling.at(arrays, origins, model.geometry)
    scaled = (linear - location[:, None]) / scale[:, None]
    errors = {
        share: np.nanmean(np.abs(raw[..., 1] + share * (scaled - raw[..., 1]) - batches.truth(origins)))
        for share in (0.0, 0.25, 0.5, 0.75)
    }
    share, blended = choose_blend(raw, (0.1, 0.5, 0.9), batches, origins, linear)
    assert share == min(errors, key=lambda share: errors[share]) == model.blend
    np.testing.assert_allclose(blended, blend_in(raw, scaled, share, (0.1, 0.5, 0.9)))
    # The last step: the bands are calibrated on what was blended.
    assert model.calibration == Calibration.fit((0.1, 0.5, 0.9), blended, batches.truth(origins))
    expected = model.calibration.apply(blended) * scale[:, None, None] + location[:, None, None]
    np.testing.assert_allclose(model.quantiles(arrays, origins), expected, rtol=1e-12)


def test_a_blend_moves_the_centre_a_share_of_the_way_and_the_band_with_it():
    quantiles = np.array([[[1.0, 2.0, 5.0]]])
    linear = np.array([[10.0]])
    assert blend_in(quantiles, linear, 0.25, (0.1, 0.5, 0.9)).tolist() == [[[3.0, 4.0, 7.0]]]
    assert blend_in(quantiles, linear, 1.0, (0.1, 0.5, 0.9))[0, 0, 1] == 10


def test_forecasts_are_calibrated():
    """With a validation part of many truths, the share of them below each quantile is its level."""
    table = hourly_table(1100)
    forecaster = small_forecaster(known=["heat"], validation=240, test=48).fit(table)
    assert any(factor != 1 for factor in forecaster.model.calibration.factors)
    arrays, splits = forecaster.fitted.arrays, forecaster.fitted.splits
    origins = validation_origins(arrays, forecaster.model.geometry, splits)
    truth = arrays.target[future_rows(origins, HORIZON)]
    quantiles = forecaster.model.quantiles(arrays, origins)
    for at, level in ((0, 0.1), (2, 0.9)):
        assert (truth <= quantiles[..., at]).mean() == pytest.approx(level, abs=2 / truth.size)
    tested = forecaster._evaluation(None).origins_of("test")
    points = forecaster.report().calibration
    for calibrated in (True, False):
        shares = forecaster.model.quantiles(arrays, tested, calibrated=calibrated)
        below = (arrays.target[future_rows(tested, HORIZON)][..., None] <= shares).mean(axis=(0, 1))
        assert [point.after if calibrated else point.before for point in points] == pytest.approx(below)
    assert any(point.before != point.after for point in points)
    stamps = [arrays.time_of(origin - 1) for origin in origins[:3]]
    np.testing.assert_allclose(
        quantiles_of(forecaster.backtest(origins=stamps)), quantiles[:3].reshape(-1, 3), rtol=1e-6
    )


def test_each_series_has_its_own_scale_of_training(several: Forecaster, stacked: pl.DataFrame):
    """Whatever other series stand in the table; one that training never saw has none."""
    model = several.model
    for names in (["c"], ["b", "c"], ["a", "b", "c"]):
        table = stacked.filter(pl.col("series").is_in(names))
        arrays = several._evaluation(table).arrays
        for scaling in (model.scaling, model.linear_scaling):
            own = model._for_panel(scaling, arrays)
            at = [model.names.index(name) for name in names]
            assert own.scales.tolist() == scaling.scales[at].tolist()
            assert own.locations.tolist() == scaling.locations[at].tolist()
    new = several._evaluation(stacked.with_columns(pl.col("series") + "x")).arrays
    assert np.isnan(model._for_panel(model.scaling, new).scales).all()


@pytest.mark.parametrize(
    ("frequency", "length", "horizon", "context", "expected"),
    [
        ("1h", 1000, 6, None, (72, (24, 168), 168)),
        ("1h", 1000, 60, None, (120, (24, 168), 168)),
        ("1h", 100, 6, None, (47, (24,), 24)),
        ("1h", 1000, 6, 5, (5, (24, 168), 168)),
        ("1i", 1000, 6, None, (12, (), 12)),
        ("1i", 20, 6, None, (7, (), 7)),
        ("15m", 5000, 6, None, (288, (96, 672), 96)),  # 672 lags would be too many
    ],
)
def test_windows_follow_the_season_and_the_room(
    frequency: str, length: int, horizon: int, context: int | None, expected: tuple[int, tuple[int, ...], int]
):
    forecaster = small_forecaster(horizon, context=context)
    times = {"1i": "1i", "1h": "1h", "15m": "15m"}[frequency]
    if times == "1i":
        table = plain_table(np.arange(40.0))
    else:
        start = pl.datetime(2024, 1, 1)
        stamps = pl.datetime_range(start, start.dt.offset_by("10d"), times, eager=True)
        table = pl.DataFrame({"time": stamps, "y": np.arange(float(len(stamps)))})
    panel = forecaster._panel(table)
    geometry = choose_geometry(panel, horizon, forecaster.options, length)
    assert (geometry.context, geometry.seasons, geometry.num_lags) == expected
    assert all(lag >= horizon and lag % season == 0 for lag, season in zip(geometry.lags, geometry.seasons))  # noqa: B905
    assert all(lag - horizon < season for lag, season in zip(geometry.lags, geometry.seasons))  # noqa: B905


def test_a_network_in_training_mode_forecasts_the_same(rich: Forecaster):
    before = rich.backtest()
    rich.model.network.train()
    assert rich.backtest().equals(before)
    assert not rich.model.network.training
