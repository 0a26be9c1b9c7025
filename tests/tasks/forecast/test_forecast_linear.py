"""The linear branch against a plain dense least squares over the same windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from forecast_tables import HORIZON, hourly_table, plain_table, small_forecaster

from elman.data import Columns, build_panel
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.linear import PENALTIES, LinearBranch, LinearInputs, Moments
from elman.tasks.forecast.origins import training_origins
from elman.tasks.forecast.windows import SCALINGS, Geometry, Scaling

PENALTY = 1e-2


@dataclass(frozen=True)
class Problem:
    """Windows of a table, and everything that a regression over them needs."""

    inputs: LinearInputs
    origins: np.ndarray

    @classmethod
    def of(
        cls,
        table: pl.DataFrame,
        *,
        kind: str = "series",
        num_lags: int = 24,
        seasons: tuple[int, ...] = (24,),
        horizon: int = HORIZON,
        known: tuple[str, ...] = ("heat", "holiday", "sky"),
        past: tuple[str, ...] = ("load",),
    ) -> Problem:
        panel = build_panel(table, Columns("time", "y", known=known, past=past))
        end = panel.series[0].num_observed - 40
        encoder = InputEncoder.fit(panel, [end])
        geometry = Geometry(12, horizon, seasons, num_lags)
        arrays = PanelArrays.build(panel, encoder, before=geometry.rows_before, after=geometry.rows_after)
        scaling = Scaling.fit(kind, arrays, np.array([end]), geometry.season)
        inputs = LinearInputs(arrays, encoder, geometry, scaling)
        return cls(inputs, training_origins(arrays, geometry, np.array([end])))

    def dense(self, origins: np.ndarray, step: int, penalty: float, *, whole_only: bool = True) -> np.ndarray:
        """Solve one step's ridge regression by lstsq over rows of windows and rows of penalties."""
        x, z = self.inputs.shared(origins), self.inputs.stepwise(origins)[:, step]
        target, observed = self.inputs.targets(origins)
        kept = observed.all(axis=1) if whole_only else observed[:, step]
        design = np.concatenate([x, z], axis=1)[kept]
        strength = np.full(design.shape[1], penalty * max(kept.sum(), 1))
        strength[x.shape[1] - 1] *= 1e-6
        rows = np.concatenate([design, np.diag(np.sqrt(strength))])
        values = np.concatenate([target[kept, step], np.zeros(len(strength))])
        return np.linalg.lstsq(rows, values, rcond=None)[0]

    def forecast(self, origins: np.ndarray, step: int, weights: np.ndarray) -> np.ndarray:
        """Forecast one step in the target's unit by dense weights."""
        x, z = self.inputs.shared(origins), self.inputs.stepwise(origins)[:, step]
        location, scale = self.inputs.scaling.at(self.inputs.arrays, origins, self.inputs.geometry)
        return (np.concatenate([x, z], axis=1) @ weights) * scale + location


def with_missing_targets(table: pl.DataFrame, *, every: int) -> pl.DataFrame:
    return table.with_columns(
        y=pl.when(pl.int_range(pl.len()) % every == 0).then(None).otherwise(pl.col("y"))
    )


def close(mine: np.ndarray, truth: np.ndarray, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(mine, truth, rtol=0, atol=tolerance * np.abs(truth).max())


@pytest.mark.parametrize("kind", SCALINGS)
@pytest.mark.parametrize("penalty", [PENALTIES[0], PENALTIES[-1]])
def test_the_weights_are_those_of_a_dense_solve(kind: str, penalty: float):
    problem = Problem.of(hourly_table(), kind=kind)
    shared, stepwise = Moments.of(problem.inputs, problem.origins).solve(penalty)
    for step in range(HORIZON):
        weights = problem.dense(problem.origins, step, penalty)
        close(np.concatenate([shared[:, step].numpy(), stepwise[step].numpy()]), weights)


@pytest.mark.parametrize(("every", "whole_only"), [(29, True), (4, False), (2, False)])
def test_windows_with_missing_truths_bias_nothing(every: int, whole_only: bool):
    """Few gaps: whole windows only. Many gaps: each step has the windows in which it was observed."""
    problem = Problem.of(with_missing_targets(hourly_table(), every=every))
    shared, stepwise = Moments.of(problem.inputs, problem.origins).solve(PENALTY)
    for step in range(HORIZON):
        weights = problem.dense(problem.origins, step, PENALTY, whole_only=whole_only)
        close(np.concatenate([shared[:, step].numpy(), stepwise[step].numpy()]), weights)


def test_a_regression_is_learned_where_no_window_is_whole():
    """No sales at weekends, a forecast of a week: every window has a gap."""
    days = pl.datetime_range(pl.datetime(2023, 1, 2), pl.datetime(2023, 12, 31), "1d", eager=True)
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"time": days, "y": 5.0 * days.dt.weekday() + 0.1 * rng.normal(size=len(days))})
    table = table.filter(pl.col("time").dt.weekday() <= 5)
    scores = small_forecaster(7).fit(table).evaluate()
    mae = {row.model: row.metrics["MAE"] for row in scores.rows}
    assert mae["ridge"] is not None
    assert mae["ridge"] < 0.5


@pytest.mark.parametrize("every", [None, 4])
def test_out_of_fold_forecasts_are_those_of_refits_without_the_fold(every: int | None):
    table = hourly_table()
    problem = Problem.of(with_missing_targets(table, every=every) if every else table, kind="window")
    num_folds = 4
    _, honest = LinearBranch.fit(problem.inputs, problem.origins, 1, PENALTY, num_folds)
    folds = np.arange(len(problem.origins)) * num_folds // len(problem.origins)
    for fold in range(num_folds):
        held_out, rest = problem.origins[folds == fold], problem.origins[folds != fold]
        for step in (0, HORIZON - 1):
            weights = problem.dense(rest, step, PENALTY, whole_only=every is None)
            close(honest[folds == fold, step], problem.forecast(held_out, step, weights), 1e-7)


def test_grouped_regressions_see_the_windows_of_their_place_in_the_season_alone():
    problem = Problem.of(hourly_table(700), num_lags=5, known=("heat",), past=())
    branch, honest = LinearBranch.fit(problem.inputs, problem.origins, 24, PENALTY, 3)
    assert branch.shared.shape[0] == branch.stepwise.shape[0] == 24
    hours = problem.inputs.arrays.phase[problem.origins]
    forecasts = branch.predict(problem.inputs, problem.origins)
    num_windows = len(problem.origins)
    folds = np.arange(num_windows) * 3 // num_windows
    for hour in (0, 7, 23):
        own = problem.origins[hours == hour]
        weights = problem.dense(own, 2, PENALTY)
        mine = np.concatenate([branch.shared[hour, :, 2].numpy(), branch.stepwise[hour, 2].numpy()])
        close(mine, weights, 1e-6)  # stored as float32
        close(forecasts[hours == hour, 2], problem.forecast(own, 2, weights), 1e-6)
        is_held_out = folds[hours == hour] == 1
        refit = problem.dense(own[~is_held_out], 2, PENALTY)
        expected = problem.forecast(own[is_held_out], 2, refit)
        close(honest[(hours == hour) & (folds == 1), 2], expected, 1e-7)


def test_groups_follow_the_local_clock():
    zone = "Europe/Berlin"
    table = hourly_table(24 * 40).with_columns(
        time=pl.datetime_range(pl.datetime(2024, 3, 10), pl.datetime(2024, 4, 18, 23), "1h", eager=True)
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(zone)
    )
    arrays = Problem.of(table, known=(), past=()).inputs.arrays
    start, length = arrays.starts[0], arrays.num_steps[0]
    hours = table["time"].dt.hour().to_numpy()
    assert (arrays.phase[start : start + length] == hours).all()


def test_a_place_in_the_season_without_windows_takes_the_mean_of_the_others():
    problem = Problem.of(hourly_table(200), num_lags=3, known=(), past=())
    hours = problem.inputs.arrays.phase[problem.origins]
    branch, _ = LinearBranch.fit(problem.inputs, problem.origins[hours != 5], 24, PENALTY, 0)
    others = [hour for hour in range(24) if hour != 5]
    np.testing.assert_allclose(branch.shared[5], branch.shared[others].mean(0), rtol=1e-5, atol=1e-6)
    assert np.isfinite(branch.predict(problem.inputs, problem.origins)).all()


def test_the_constant_is_all_but_free():
    """A series far from zero in its scaled unit is met although the penalty is large."""
    rng = np.random.default_rng(0)
    problem = Problem.of(plain_table(100 + rng.normal(size=400)), num_lags=2, seasons=(), known=(), past=())
    arrays = problem.inputs.arrays
    far = Scaling("series", np.zeros(1), np.ones(1))
    inputs = LinearInputs(arrays, problem.inputs.encoder, problem.inputs.geometry, far)
    shared, _ = Moments.of(inputs, problem.origins).solve(1e6)
    assert np.abs(shared[:-1].numpy()).max() < 0.01
    np.testing.assert_allclose(shared[-1].numpy(), 50, rtol=0.02)  # beside a strength of 1e6 * 1e-6


def test_sums_over_chunks_are_the_sums_over_all(monkeypatch: pytest.MonkeyPatch):
    problem = Problem.of(hourly_table())
    whole = Moments.of(problem.inputs, problem.origins)
    monkeypatch.setattr("elman.tasks.forecast.linear._CHUNK", 37)
    parts = Moments.of(problem.inputs, problem.origins)
    for name in ("shared", "mixed", "stepwise", "shared_target", "stepwise_target", "num_windows"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-10, atol=1e-9)
    branch, _ = LinearBranch.fit(problem.inputs, problem.origins, 1, PENALTY, 0)
    monkeypatch.undo()
    again, _ = LinearBranch.fit(problem.inputs, problem.origins, 1, PENALTY, 0)
    close(
        branch.predict(problem.inputs, problem.origins), again.predict(problem.inputs, problem.origins), 1e-6
    )


def test_events_are_read_one_season_before_and_after():
    """What tomorrow is changes today: a holiday a day later is an input of its own."""
    problem = Problem.of(hourly_table(), known=("holiday",), past=())
    arrays, origins = problem.inputs.arrays, problem.origins
    z = problem.inputs.stepwise(origins)
    rows = origins[:, None] + np.arange(HORIZON)
    num_calendar = arrays.calendar.shape[1]
    assert (z[..., num_calendar] == arrays.known[rows, 0]).all()
    assert (z[..., num_calendar + 1] == arrays.known[rows - 24, 0]).all()
    assert (z[..., num_calendar + 2] == arrays.known[rows + 24, 0]).all()


def test_wide_tables_share_only_the_last_past_covariates(monkeypatch: pytest.MonkeyPatch):
    """Too many covariates for a regression over all of their steps."""
    monkeypatch.setattr("elman.tasks.forecast.linear._MAX_SHARED_COVARIATES", 3)
    problem = Problem.of(hourly_table())
    x = problem.inputs.shared(problem.origins)
    assert x.shape[1] == 24 + 1 + 1
    assert (x[:, 24] == problem.inputs.arrays.past[problem.origins - 1, 0]).all()


@pytest.mark.parametrize("num_origins", [0, 1, 3])
def test_hardly_any_windows_give_finite_weights(num_origins: int):
    problem = Problem.of(hourly_table())
    branch, honest = LinearBranch.fit(problem.inputs, problem.origins[:num_origins], 1, PENALTY, 5)
    assert honest.shape == (num_origins, HORIZON)
    assert np.isfinite(honest).all()
    assert np.isfinite(branch.predict(problem.inputs, problem.origins)).all()
