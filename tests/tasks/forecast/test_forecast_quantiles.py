"""Quantiles do not cross, whatever the levels, the network and the calibration say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from forecast_tables import hourly_table, quantile_names, quantiles_of, small_forecaster, small_options
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from elman.errors import OptionError
from elman.tasks.forecast.calibration import Calibration
from elman.tasks.forecast.metrics import quantile_column
from elman.tasks.forecast.model import blend_in
from elman.tasks.forecast.quantiles import QuantileHead, centre_of, check_quantiles, pinball_loss

LEVELS = st.lists(st.integers(1, 99), min_size=1, max_size=9, unique=True).map(
    lambda percents: tuple(sorted(percent / 100 for percent in percents))
)
REAL = st.floats(-1e6, 1e6)
FACTOR = st.floats(0.1, 10.0)


def is_ascending(quantiles: np.ndarray) -> bool:
    return bool((np.diff(quantiles, axis=-1) >= 0).all())


@given(levels=LEVELS, data=st.data())
def test_the_head_gives_ascending_quantiles(levels: tuple[float, ...], data: st.DataObject):
    head = QuantileHead(1, levels)
    raw = data.draw(arrays_of.arrays(np.float32, (4, len(levels)), elements=st.floats(-100, 100, width=32)))
    with torch.no_grad():
        head.linear.weight.zero_()
        outputs = []
        for row in raw:
            head.linear.bias.copy_(torch.from_numpy(row))
            outputs.append(head(torch.zeros(1)).numpy())
    assert is_ascending(np.stack(outputs))
    assert (np.stack(outputs)[:, centre_of(levels)] == raw[:, centre_of(levels)]).all()


@settings(max_examples=200)
@given(levels=LEVELS, share=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), data=st.data())
def test_neither_blend_nor_calibration_makes_quantiles_cross(
    levels: tuple[float, ...], share: float, data: st.DataObject
):
    draw = data.draw
    quantiles = np.sort(draw(arrays_of.arrays(np.float64, (3, 2, len(levels)), elements=REAL)), axis=-1)
    linear = draw(arrays_of.arrays(np.float64, (3, 2), elements=REAL))
    factors = draw(st.lists(FACTOR, min_size=len(levels), max_size=len(levels)))
    blended = blend_in(quantiles, linear, share, levels)
    assert is_ascending(blended)
    assert is_ascending(Calibration(levels, tuple(factors)).apply(blended))


@settings(max_examples=50)
@given(levels=LEVELS, seed=st.integers(0, 1000))
def test_a_fitted_calibration_never_crosses(levels: tuple[float, ...], seed: int):
    rng = np.random.default_rng(seed)
    quantiles = np.sort(rng.normal(size=(150, len(levels))), axis=-1)
    calibration = Calibration.fit(levels, quantiles, rng.standard_cauchy(150))
    assert all(0.1 <= factor <= 10 for factor in calibration.factors)
    assert is_ascending(calibration.apply(quantiles))


def test_the_centre_is_the_level_nearest_to_the_median():
    assert centre_of((0.1, 0.5, 0.9)) == 1
    assert centre_of((0.9,)) == 0
    assert centre_of((0.05, 0.3, 0.6, 0.95)) == 2
    assert centre_of((0.7, 0.8, 0.9)) == 0


@pytest.mark.parametrize("levels", [(), (0.0, 0.5), (0.5, 1.0), (0.5, 0.5), (float("nan"),), ("0.5",), 2])
def test_levels_that_are_none_are_refused(levels: object):
    with pytest.raises(OptionError, match="`quantiles` must be different numbers between 0 and 1, but it is"):
        check_quantiles(levels)  # type: ignore[arg-type]


def test_levels_that_would_share_a_column_are_refused():
    assert quantile_column(0.12345678) == quantile_column(0.12345679)
    with pytest.raises(OptionError, match="different"):
        check_quantiles((0.12345678, 0.12345679))


def test_levels_come_in_any_order_and_kind():
    levels = small_options(quantiles=[np.float32(0.75), 0.5, np.float64(0.25)]).quantiles
    assert levels == (0.25, 0.5, 0.75)
    assert all(type(level) is float for level in levels)


@pytest.mark.parametrize(
    "levels", [(0.5,), (0.9,), (0.2, 0.3), (0.7, 0.8, 0.99), tuple(np.arange(1, 20) / 20), (0.001, 0.999)]
)
def test_forecasts_at_any_levels_ascend(levels: tuple[float, ...]):
    table = hourly_table(260).select("time", "y")
    forecaster = small_forecaster(quantiles=levels).fit(table)
    forecast = forecaster.predict(table)
    assert quantile_names(forecast) == [quantile_column(level) for level in levels]
    assert is_ascending(quantiles_of(forecast))
    assert np.isfinite(quantiles_of(forecast)).all()
    scores = forecaster.evaluate()
    symmetric = any(abs(a + b - 1) < 1e-9 for a in levels for b in levels if a < b)
    assert any(name.startswith("coverage") for name in scores.rows[0].metrics) is symmetric


def test_the_pinball_loss_by_hand():
    """Truth 10: a forecast of 8 costs 2 * level, one of 13 costs 3 * (1 - level)."""
    quantiles = torch.tensor([[8.0, 13.0]])
    levels = torch.tensor([0.1, 0.9])
    loss = pinball_loss(quantiles, torch.tensor([10.0]), levels, torch.tensor([True]))
    assert loss.item() == pytest.approx((2 * 0.1 + 3 * 0.1) / 2)


@pytest.mark.parametrize("garbage", [0.0, 1e30, float("nan"), float("inf")])
def test_the_loss_does_not_see_a_missing_truth(garbage: float):
    """Neither value nor gradient depend on what stands there, and the mean is over what was observed."""
    observed = torch.tensor([True, False, True])
    quantiles = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    target, levels = torch.tensor([1.5, garbage, 7.0]), torch.tensor([0.2, 0.6])
    loss = pinball_loss(quantiles, target, levels, observed)
    loss.backward()
    alone = quantiles.detach()[observed].requires_grad_()
    expected = pinball_loss(alone, target[observed], levels, torch.tensor([True, True]))
    expected.backward()
    assert loss.item() == expected.item()
    assert quantiles.grad is not None
    assert alone.grad is not None
    assert (quantiles.grad[1] == 0).all()
    assert torch.equal(quantiles.grad[observed], alone.grad)


def test_the_loss_of_nothing_observed_is_zero():
    quantiles = torch.ones(2, 1, requires_grad=True)
    loss = pinball_loss(quantiles, torch.zeros(2), torch.tensor([0.5]), torch.tensor([False, False]))
    loss.backward()
    assert loss.item() == 0
    assert quantiles.grad is not None
    assert (quantiles.grad == 0).all()
