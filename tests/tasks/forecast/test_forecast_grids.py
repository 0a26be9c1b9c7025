"""Every kind of grid, horizon and size of table; targets of every size."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from forecast_tables import arrays_of, hourly_table, plain_table, quantiles_of, small_forecaster

from elman.errors import ColumnError, DataError, OptionError
from elman.tasks import Forecaster


def noise(num_steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=num_steps)


def stamps(every: str, num_steps: int) -> pl.Series:
    kind: Any = pl.Datetime("us") if every[-1] in "mh" else pl.Date
    first = pl.Series([date(1990, 1, 1)]).cast(kind)
    times = [first]
    for _ in range(num_steps - 1):
        times.append(times[-1].dt.offset_by(every))
    return pl.concat(times)


@pytest.mark.parametrize(
    ("every", "num_steps", "horizon", "seasons"),
    [
        ("15m", 400, 8, (96,)),
        ("1h", 400, 5, (24, 168)),
        ("1h", 400, 30, (24,)),  # longer than the season; the week does not fit twice
        ("1d", 120, 1, (7,)),
        ("1d", 120, 7, (7,)),
        ("1d", 120, 10, (7,)),
        ("1w", 200, 3, (52,)),
        ("1w", 90, 3, ()),  # too short to see a year
        ("1mo", 80, 3, (12,)),
        ("1mo", 80, 14, (12,)),
        ("3mo", 60, 2, (4,)),
        ("1q", 60, 5, (4,)),
        ("1y", 40, 2, ()),
        ("5i", 90, 4, ()),
    ],
)
def test_every_grid(every: str, num_steps: int, horizon: int, seasons: tuple[int, ...]):
    times = pl.Series(range(0, 5 * num_steps, 5)) if every == "5i" else stamps(every, num_steps)
    table = pl.DataFrame({"time": times, "y": 5 + noise(num_steps)})
    forecaster = small_forecaster(horizon).fit(table)
    assert forecaster.model.geometry.seasons == seasons
    forecast = forecaster.predict(table)
    assert np.isfinite(quantiles_of(forecast)).all()
    assert forecast.height == horizon
    scores = forecaster.evaluate()
    assert len(scores.rows) == 3 + len(seasons)
    assert all(row.metrics["MASE"] is not None for row in scores.rows)
    assert scores.num_origins == forecaster.backtest()["origin"].n_unique()
    assert len(forecaster.report().error_by_step["ridge"]) == horizon


@pytest.mark.parametrize("every", ["15m", "1h", "1d", "1w", "1mo", "1q"])
def test_the_place_in_the_season_repeats_every_season(every: str):
    num_steps = 230
    table = pl.DataFrame({"time": stamps(every, num_steps), "y": noise(num_steps)})
    forecaster = small_forecaster(2).fit(table)
    arrays = arrays_of(forecaster, table)
    season = forecaster.model.geometry.season
    phase = arrays.phase[arrays.starts[0] : arrays.starts[0] + num_steps]
    assert (phase[season:] == phase[:-season]).all()
    assert sorted(set(phase.tolist())) == list(range(season))


class TestTinyTables:
    """The smallest table that can be learned from, and one that is a row shorter."""

    @pytest.mark.parametrize("horizon", [1, 2, 5])
    @pytest.mark.parametrize("test", [None, 0])
    def test_smallest(self, horizon: int, test: int | None):
        """Context 1, one horizon to learn from, one to validate, one to test."""
        smallest = 1 + horizon * (3 if test is None else 2)
        for length in range(smallest, smallest + 6):
            table = plain_table(noise(length))
            forecaster = small_forecaster(horizon, test=test).fit(table)
            assert np.isfinite(quantiles_of(forecaster.predict(table))).all()
            if test is None:
                assert forecaster.evaluate().num_origins >= 1

    def test_a_row_too_short(self):
        message = (
            "The series has 15 observed steps, but context 1 [+] horizon 5 [+] validation 5 [+] test 5 "
            "need 16: use horizon <= 4[.]"
        )
        with pytest.raises(DataError, match=message):
            small_forecaster(5).fit(plain_table(noise(15)))

    def test_a_context_too_long(self):
        table = plain_table(noise(40))
        with pytest.raises(DataError, match=r"context 25 .* need 41: use context <= 24 or horizon <= 4"):
            small_forecaster(5, context=25, validation=5, test=6).fit(table)
        forecaster = small_forecaster(5, context=24, validation=5, test=6).fit(table)
        assert np.isfinite(quantiles_of(forecaster.predict(table))).all()

    def test_a_held_out_part_shorter_than_the_horizon(self):
        for part in ("validation", "test"):
            with pytest.raises(OptionError, match=f"The {part} part has 3 steps, too few for a forecast"):
                small_forecaster(5, **{part: 3}).fit(plain_table(noise(100)))

    def test_one_value(self):
        forecaster = small_forecaster(2)
        with pytest.raises(DataError, match="One time stamp per series shows no distance between steps"):
            forecaster.fit(plain_table([1.0]))


def test_two_hundred_short_series():
    num_series, length = 200, 14
    table = pl.DataFrame(
        {
            "time": list(range(length)) * num_series,
            "series": [f"s{at}" for at in range(num_series) for _ in range(length)],
            "y": noise(num_series * length) + np.repeat(np.arange(num_series), length),
        }
    )
    forecaster = small_forecaster(2, series="series").fit(table)
    forecast = forecaster.predict(table)
    assert forecast.height == 2 * num_series
    assert forecast["series"].unique(maintain_order=True).to_list() == [f"s{at}" for at in range(num_series)]
    assert forecaster.evaluate().num_origins == num_series
    level = forecast["q0.5"].to_numpy().reshape(num_series, 2).mean(axis=1)
    assert np.corrcoef(level, np.arange(num_series))[0, 1] > 0.99


def test_short_series_among_long_ones_are_left_out_and_said():
    table = pl.concat(
        [
            plain_table(noise(100)).with_columns(series=pl.lit("long")),
            plain_table(noise(5)).with_columns(series=pl.lit("short")),
        ]
    )
    forecaster = small_forecaster(2, series="series").fit(table)
    assert forecaster.model.names == ("long",)
    assert "too_short" in [finding.kind for finding in forecaster.fitted.panel.findings]
    assert forecaster.predict(table)["series"].unique(maintain_order=True).to_list() == ["long", "short"]


TARGETS: dict[str, np.ndarray] = {
    "zeros": np.zeros(100),
    "sevens": np.full(100, 7.0),
    "a constant that rounds": np.full(100, 0.1 + 0.2),
    "negative": -np.abs(noise(100)) - 3,
    "huge": 1e12 * noise(100),
    "tiny": 1e-9 * noise(100),
    "far from zero": 1e12 + noise(100),
    "tiny steps far from zero": 1e6 + 1e-4 * noise(100),
    "trend": np.arange(100.0),
    "growth": np.exp(np.arange(100) / 4),
    "mostly zeros": np.where(np.arange(100) % 17 == 3, 5.0, 0.0),
    "zeros, then ones": np.repeat([0.0, 1.0], [88, 12]),
    "a jump": np.repeat([0.0, 1e9], [50, 50]),
    "one outlier": np.where(np.arange(100) == 40, 1e9, noise(100)),
}


@pytest.mark.parametrize("name", TARGETS)
def test_targets_of_every_size(name: str):
    values = TARGETS[name]
    forecaster = small_forecaster(4).fit(plain_table(values))
    forecast = quantiles_of(forecaster.predict(plain_table(values)))
    assert np.isfinite(forecast).all()
    assert (np.diff(forecast, axis=1) >= 0).all()
    assert np.isfinite(quantiles_of(forecaster.backtest())).all()
    assert forecaster.evaluate().verdict
    spread = max(np.ptp(values), 0.1 * np.abs(values).max(), 0.1)
    assert np.abs(forecast - values[-1]).max() < 10 * spread


@pytest.mark.parametrize("name", ["far from zero", "tiny steps far from zero"])
def test_what_moves_is_seen_however_far_from_zero(name: str):
    """The scale is that of the movement: the network's error is not that of the level."""
    scores = small_forecaster(4).fit(plain_table(TARGETS[name])).evaluate()
    ours = scores.rows[0].metrics["MASE"]
    assert ours is not None
    assert ours < 3


@pytest.mark.parametrize("deviation", [0.0, 1e-12, 1e-9, 1e-6])
def test_a_season_that_repeats_itself_to_the_last_digits(deviation: float):
    """The error of the seasonal naive forecast is the unit of no input then."""
    values = np.sin(2 * np.pi * np.arange(300) / 24)
    values[77] += deviation
    table = hourly_table(300).select("time").with_columns(y=pl.Series(values))
    forecaster = small_forecaster(4).fit(table)
    assert np.isfinite(quantiles_of(forecaster.predict(table))).all()
    mae = {row.model: row.metrics["MAE"] for row in forecaster.evaluate().rows}
    assert mae["ridge"] is not None
    assert mae["ridge"] < 0.05


def test_several_targets_are_refused_in_one_sentence():
    with pytest.raises(ColumnError, match=r"`target` must be the name of one column, but it lists 'a', 'b'"):
        Forecaster(horizon=3, time="time", target=["a", "b"])  # type: ignore[arg-type]


@pytest.mark.parametrize("horizon", [0, -1, True, 2.5, "3", None])
def test_a_horizon_that_is_none_is_refused(horizon: Any):
    with pytest.raises(OptionError, match="`horizon` must be a whole number of steps, 1 or more, but it is"):
        small_forecaster(horizon)


def test_a_column_with_two_parts_is_refused():
    with pytest.raises(ColumnError):
        small_forecaster(known=["y"])


def test_an_unknown_part_is_refused():
    forecaster = small_forecaster(2).fit(plain_table(noise(40)))
    with pytest.raises(OptionError, match="`part` must be one of test, validation, but it is 'train'"):
        forecaster.evaluate(part="train")


def test_a_check_learns_nothing_and_says_what_is_odd():
    table = plain_table([1.0, None, 3.0] * 20)
    forecaster = small_forecaster(2)
    assert "missing" in [finding.kind for finding in forecaster.check(table)]
    assert forecaster._model is None
    with pytest.raises(DataError, match="observed steps, but"):
        forecaster.check(plain_table(noise(5)))
