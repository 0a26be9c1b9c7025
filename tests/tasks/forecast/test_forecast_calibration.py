"""Bands as wide as they claim."""

from __future__ import annotations

import numpy as np
import pytest
from forecast_tables import quantiles_of

from elman.tasks import Forecaster
from elman.tasks.forecast.calibration import Calibration

LEVELS = (0.05, 0.25, 0.5, 0.8, 0.95)


def narrow_bands(num: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Windows with different spreads, bands a third as wide as they should be, and truths."""
    rng = np.random.default_rng(seed)
    spread = np.exp(rng.normal(size=num))
    centre = 5 * rng.normal(size=num)
    offsets = np.array([-1.645, -0.674, 0.0, 0.842, 1.645]) / 3
    return centre[:, None] + spread[:, None] * offsets, centre + spread * rng.normal(size=num)


@pytest.mark.parametrize("num", [100, 137, 999])
def test_coverage_of_the_part_it_was_fitted_on_is_right_to_one_truth(num: int):
    quantiles, truth = narrow_bands(num)
    calibrated = Calibration.fit(LEVELS, quantiles, truth).apply(quantiles)
    for at, level in enumerate(LEVELS):
        if level == 0.5:
            assert (calibrated[:, at] == quantiles[:, at]).all()
            continue
        below = (truth <= calibrated[:, at]).mean()
        # One truth for the rounding, one for the correction of a finite sample.
        assert abs(below - level) <= 2 / num
        raw = (truth <= quantiles[:, at]).mean()
        assert abs(raw - level) > 0.05


def test_coverage_of_other_truths_is_right_on_average():
    quantiles, truth = narrow_bands(20_000)
    calibration = Calibration.fit(LEVELS, quantiles[:10_000], truth[:10_000])
    calibrated = calibration.apply(quantiles[10_000:])
    for at in (0, 1, 3, 4):
        assert (truth[10_000:] <= calibrated[:, at]).mean() == pytest.approx(LEVELS[at], abs=0.015)


def test_a_finite_sample_widens_the_band():
    """The share asked for is level * (1 + 1/n), as in conformal prediction, and at most 1."""
    levels = (0.5, 0.995)
    quantiles = np.tile([0.0, 1.0], (100, 1))
    truth = np.linspace(0.01, 1.0, 100) * 4
    assert Calibration.fit(levels, quantiles, truth).factors == (1.0, pytest.approx(4.0))
    wide = Calibration.fit((0.5, 0.9), quantiles, truth).factors[1]
    assert wide == pytest.approx(np.quantile(truth, 0.9 * 1.01))


def test_fewer_than_a_hundred_truths_leave_the_quantiles_as_they_are():
    quantiles, truth = narrow_bands(99)
    assert Calibration.fit(LEVELS, quantiles, truth).factors == (1.0,) * 5
    quantiles, truth = narrow_bands(200)
    truth[: 200 - 99] = np.nan
    calibration = Calibration.fit(LEVELS, quantiles, truth)
    assert calibration.factors == (1.0,) * 5
    np.testing.assert_allclose(calibration.apply(quantiles), quantiles, rtol=1e-12)


def test_missing_truths_count_for_nothing():
    quantiles, truth = narrow_bands(300)
    alone = Calibration.fit(LEVELS, quantiles[::2], truth[::2])
    truth[1::2] = np.nan
    assert Calibration.fit(LEVELS, quantiles, truth) == alone


def test_larger_errors_give_larger_factors():
    quantiles, truth = narrow_bands(400)
    centre = quantiles[:, 2]
    before = np.array(Calibration.fit(LEVELS, quantiles, truth).factors)
    after = np.array(Calibration.fit(LEVELS, quantiles, centre + 1.5 * (truth - centre)).factors)
    np.testing.assert_allclose(after[[0, 1, 3, 4]], 1.5 * before[[0, 1, 3, 4]])
    assert after[2] == before[2] == 1


def test_factors_keep_within_bounds():
    quantiles, truth = narrow_bands(400)
    centre = quantiles[:, 2]
    huge = Calibration.fit(LEVELS, quantiles, centre + 1e6 * (truth - centre))
    assert huge.factors == (10.0, 10.0, 1.0, 10.0, 10.0)
    none = Calibration.fit(LEVELS, quantiles, centre)
    assert none.factors == (0.1, 0.1, 1.0, 0.1, 0.1)


def test_bands_without_width_stay_as_they_are():
    quantiles = np.zeros((200, 5))
    assert Calibration.fit(LEVELS, quantiles, np.ones(200)).factors == (1.0,) * 5


def test_outer_bands_hold_inner_ones():
    """A factor that would put an outer quantile inside an inner one stops at the inner one."""
    calibration = Calibration(LEVELS, (0.1, 4.0, 1.0, 4.0, 0.1))
    assert calibration.apply(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])).tolist() == [-4, -4, 0, 4, 4]


def test_the_report_says_how_often_the_truth_fell_below(rich: Forecaster):
    report = rich.report()
    truth = report.forecasts["target"].to_numpy()
    quantiles = quantiles_of(report.forecasts)
    assert [point.quantile for point in report.calibration] == [0.1, 0.5, 0.9]
    for at, point in enumerate(report.calibration):
        assert point.after == pytest.approx((truth <= quantiles[:, at]).mean())
    factors = rich.model.calibration.factors
    assert (report.calibration[0].before == report.calibration[0].after) is (factors[0] == 1)
