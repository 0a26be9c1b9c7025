"""The right stamps on the right steps, and the same numbers by every way to them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from forecast_tables import (
    HORIZON,
    KNOWN,
    PAST,
    START,
    hourly_table,
    quantiles_of,
    small_forecaster,
    stacked_table,
)

from elman.errors import DataError, OptionError
from elman.tasks import Forecaster

BERLIN = ZoneInfo("Europe/Berlin")
PLACE = pl.int_range(pl.len())


def noise(num_steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=num_steps)


def forecast_after(times: Any, horizon: int = 4) -> pl.DataFrame:
    table = pl.DataFrame({"time": times, "y": noise(len(times))})
    forecast = small_forecaster(horizon).fit(table).predict(table)
    assert forecast["step"].to_list() == list(range(1, horizon + 1))
    assert forecast["origin"].to_list() == [table["time"][-1]] * horizon
    assert forecast["series"].to_list() == [None] * horizon
    assert forecast["time"].dtype == table["time"].dtype
    return forecast


def test_stamps_over_a_day_of_23_hours():
    """Berlin skips from 2:00 to 3:00 on 31 March 2024."""
    hours = pl.datetime_range(
        datetime(2024, 3, 10), datetime(2024, 3, 30, 23), "1h", time_zone="Europe/Berlin", eager=True
    )
    times = forecast_after(hours)["time"]
    assert times.dt.strftime("%d %H:%M %z").to_list() == [
        "31 00:00 +0100",
        "31 01:00 +0100",
        "31 03:00 +0200",
        "31 04:00 +0200",
    ]


def test_stamps_over_a_day_of_25_hours():
    hours = pl.datetime_range(
        datetime(2024, 10, 10), datetime(2024, 10, 27, 0), "1h", time_zone="Europe/Berlin", eager=True
    )
    times = forecast_after(hours)["time"]
    assert times.dt.strftime("%H:%M %z").to_list() == [
        "01:00 +0200",
        "02:00 +0200",
        "02:00 +0100",
        "03:00 +0100",
    ]


def test_days_of_a_zone_begin_at_its_midnight():
    days = pl.datetime_range(
        datetime(2024, 1, 10), datetime(2024, 3, 29), "1d", time_zone="Europe/Berlin", eager=True
    )
    times = forecast_after(days)["time"]
    assert times.to_list() == [
        datetime(2024, month, day, tzinfo=BERLIN) for month, day in ((3, 30), (3, 31), (4, 1), (4, 2))
    ]


def test_month_ends_stay_month_ends():
    ends = pl.date_range(date(2018, 1, 1), date(2023, 12, 1), "1mo", eager=True).dt.month_end()
    assert forecast_after(ends)["time"].to_list() == [
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
    ]


def test_month_ends_are_known_from_training_when_one_row_is_given():
    """A table that ends in February and begins there says nothing of 31."""
    ends = pl.date_range(date(2018, 1, 1), date(2024, 2, 1), "1mo", eager=True).dt.month_end()
    table = pl.DataFrame({"time": ends, "y": noise(len(ends))})
    forecast = small_forecaster(3).fit(table).predict(table[-1:])
    assert forecast["time"].to_list() == [date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31)]


def test_integers_and_dates():
    assert forecast_after(range(0, 600, 5))["time"].to_list() == [600, 605, 610, 615]
    assert forecast_after(range(-50, 50))["time"].to_list() == [50, 51, 52, 53]
    days = pl.date_range(date(2024, 1, 1), date(2024, 4, 9), "1d", eager=True)
    assert forecast_after(days)["time"].to_list() == [date(2024, 4, day) for day in (10, 11, 12, 13)]


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return hourly_table(260).select("time", "y")


@pytest.fixture(scope="module")
def forecaster(table: pl.DataFrame) -> Forecaster:
    return small_forecaster().fit(table)


class TestOrigins:
    """Where a person may ask a backtest to begin."""

    def test_a_number_of_them(self, forecaster: Forecaster, table: pl.DataFrame):
        forecast = forecaster.backtest(origins=3)
        assert forecast["origin"].unique().sort().to_list() == [
            table["time"][260 - 1 - 6 * k] for k in (3, 2, 1)
        ]
        assert forecast["time"].to_list() == table["time"][-18:].to_list()
        assert forecast["target"].to_list() == table["y"][-18:].to_list()
        assert forecaster.backtest(origins=np.int64(3)).equals(forecast)  # type: ignore[arg-type]

    def test_stamps_of_the_last_step_before_each_forecast(self, forecaster: Forecaster, table: pl.DataFrame):
        for at in (0, 17, 253):
            forecast = forecaster.backtest(origins=[table["time"][at]])
            assert forecast["origin"].to_list() == [table["time"][at]] * HORIZON
            assert forecast["time"].to_list() == table["time"][at + 1 : at + 7].to_list()
            assert forecast["target"].to_list() == table["y"][at + 1 : at + 7].to_list()

    def test_a_date_is_its_midnight(self, forecaster: Forecaster):
        assert forecaster.backtest(origins=[date(2024, 1, 3)])["origin"][0] == datetime(2024, 1, 3)

    def test_a_table_of_its_own(self, forecaster: Forecaster):
        later = hourly_table(60, seed=4, start=START + timedelta(days=100)).select("time", "y")
        forecast = forecaster.backtest(later, [later["time"][30]])
        assert forecast["target"].to_list() == later["y"][31:37].to_list()

    @pytest.mark.parametrize("origins", [True, 2.0, "2024-01-03", datetime(2024, 1, 3), [], None.__class__])
    def test_what_is_neither_a_number_nor_a_list_is_refused(self, forecaster: Forecaster, origins: Any):
        with pytest.raises(
            OptionError, match="`origins` must be a number of forecasts or a list of time stamps"
        ):
            forecaster.backtest(origins=origins)

    @pytest.mark.parametrize("stamp", ["2024-01-03", 5, 5.0, None, datetime(2024, 1, 3, tzinfo=BERLIN)])
    def test_a_stamp_of_another_kind_is_refused(self, forecaster: Forecaster, stamp: Any):
        with pytest.raises(OptionError, match=r"`origins` must be time stamps like datetime\.datetime"):
            forecaster.backtest(origins=[stamp])

    def test_a_stamp_that_is_none_of_the_table(self, forecaster: Forecaster, table: pl.DataFrame):
        for stamp in (datetime(1999, 1, 1), datetime(2024, 1, 3, 0, 30), table["time"][-HORIZON]):
            with pytest.raises(
                DataError, match=f"No series has a step at {stamp} with 6 observed steps after"
            ):
                forecaster.backtest(origins=[stamp])

    @pytest.mark.parametrize("origins", [0, -1, 44])
    def test_too_many(self, forecaster: Forecaster, origins: int):
        with pytest.raises(DataError, match=f"must be between 1 and 43 here, but it is {origins}"):
            forecaster.backtest(origins=origins)

    def test_integers_and_dates_and_zones(self):
        numbers = pl.DataFrame({"time": range(0, 240, 2), "y": noise(120)})
        forecaster = small_forecaster(3).fit(numbers)
        assert forecaster.backtest(origins=[np.int64(100)])["time"].to_list() == [102, 104, 106]  # type: ignore[list-item]
        with pytest.raises(OptionError, match="time stamps like 0, but it holds True"):
            forecaster.backtest(origins=[True])
        days = pl.DataFrame(
            {"time": pl.date_range(date(2024, 1, 1), date(2024, 4, 9), eager=True), "y": noise(100)}
        )
        forecaster = small_forecaster(3).fit(days)
        assert forecaster.backtest(origins=[date(2024, 2, 28)])["time"][0] == date(2024, 2, 29)
        with pytest.raises(OptionError, match=r"must be time stamps like datetime\.date"):
            forecaster.backtest(origins=[datetime(2024, 2, 28)])

    def test_a_stamp_without_a_zone_is_local_time(self):
        hours = pl.datetime_range(
            datetime(2024, 3, 20), datetime(2024, 4, 2), "1h", time_zone="Europe/Berlin", eager=True
        )
        forecaster = small_forecaster(3).fit(pl.DataFrame({"time": hours, "y": noise(len(hours))}))
        local = datetime(2024, 3, 31, 1)
        for stamp in (local, local.replace(tzinfo=BERLIN), datetime(2024, 3, 31, tzinfo=ZoneInfo("UTC"))):
            forecast = forecaster.backtest(origins=[stamp])
            assert forecast["time"][0] == datetime(2024, 3, 31, 3, tzinfo=BERLIN)
        with pytest.raises(OptionError, match="must be time stamps like"):
            forecaster.backtest(origins=[datetime(2024, 3, 31, 2, 30)])

    def test_only_series_that_have_the_stamp(self, several: Forecaster, stacked: pl.DataFrame):
        early = several.backtest(origins=[START + timedelta(hours=2)])
        assert early["series"].unique().to_list() == ["a"]
        common = several.backtest(origins=[START + timedelta(hours=100)])
        assert common["series"].unique(maintain_order=True).to_list() == ["a", "b", "c"]


def blanked(table: pl.DataFrame, end: int) -> pl.DataFrame:
    """The table as it stands when `end` targets have been observed."""
    return table.with_columns(
        pl.when(end > PLACE).then(pl.col(name)).otherwise(None).alias(name) for name in ("y", *PAST)
    )


class TestSameNumbers:
    """`predict` from raw rows and `backtest` are one computation."""

    @pytest.mark.parametrize("end", [90, 200, 301])
    def test_predict_equals_backtest_bit_for_bit(self, rich: Forecaster, hourly: pl.DataFrame, end: int):
        predicted = rich.predict(blanked(hourly, end))
        tested = rich.backtest(hourly, [hourly["time"][end - 1]])
        assert (quantiles_of(predicted) == quantiles_of(tested)).all()
        assert predicted.select("origin", "time", "step").equals(tested.select("origin", "time", "step"))
        assert tested["target"].to_list() == hourly["y"][end : end + HORIZON].to_list()

    def test_a_batch_of_another_size_moves_only_the_last_digits(self, rich: Forecaster, hourly: pl.DataFrame):
        stamps = [hourly["time"][at] for at in range(80, 300, 11)]
        together = quantiles_of(rich.backtest(hourly, stamps)).reshape(len(stamps), HORIZON, -1)
        for at in (0, 7, len(stamps) - 1):
            alone = quantiles_of(rich.backtest(hourly, [stamps[at]]))
            np.testing.assert_allclose(alone, together[at], rtol=1e-6)

    def test_a_series_alone_forecasts_as_among_others(self, several: Forecaster, stacked: pl.DataFrame):
        table = pl.concat([blanked(part, 250) for part in stacked.partition_by("series")])
        together = several.predict(table)
        for name in ("a", "b", "c"):
            alone = several.predict(table.filter(pl.col("series") == name))
            among = together.filter(pl.col("series") == name)
            np.testing.assert_allclose(quantiles_of(alone), quantiles_of(among), rtol=1e-6)
            assert alone.select("series", "origin", "time").equals(among.select("series", "origin", "time"))

    def test_an_unseen_series_forecasts_alone_as_among_others(
        self, several: Forecaster, stacked: pl.DataFrame
    ):
        fresh = stacked_table(zebra=blanked(hourly_table(200, seed=11), 150))
        known = pl.concat([blanked(part, 250) for part in stacked.partition_by("series")])
        alone = quantiles_of(several.predict(fresh))
        among = several.predict(pl.concat([fresh, known])).filter(pl.col("series") == "zebra")
        np.testing.assert_allclose(alone, quantiles_of(among), rtol=1e-6)

    def test_the_order_of_rows_does_not_matter(self, several: Forecaster, stacked: pl.DataFrame):
        table = pl.concat([blanked(part, 250) for part in stacked.partition_by("series")])
        assert several.predict(table.sample(fraction=1, shuffle=True, seed=3)).equals(several.predict(table))

    def test_a_fit_does_not_depend_on_the_order_of_series(self, several: Forecaster, stacked: pl.DataFrame):
        parts = stacked.partition_by("series")
        again = small_forecaster(series="series", known=KNOWN, past=PAST).fit(pl.concat(parts[::-1]))
        assert again.backtest().equals(several.backtest())


@pytest.fixture(scope="module")
def heated() -> pl.DataFrame:
    return hourly_table(260).select("time", "y", "heat")


class TestEquivariance:
    """Another unit for the target is another unit for its forecasts."""

    def fitted(self, table: pl.DataFrame, change: pl.Expr) -> np.ndarray:
        return quantiles_of(small_forecaster(known=["heat"]).fit(table.with_columns(y=change)).backtest())

    @pytest.mark.parametrize("scale", [1e-6, 3.0, 1e9])
    def test_scale(self, heated: pl.DataFrame, scale: float):
        before, after = (self.fitted(heated, pl.col("y") * factor) for factor in (1.0, scale))
        np.testing.assert_allclose(after, scale * before, rtol=1e-4)

    @pytest.mark.parametrize("kind", ["series", "naive"])
    @pytest.mark.parametrize("shift", [-500.0, 1e6])
    def test_shift(self, heated: pl.DataFrame, shift: float, kind: str, monkeypatch: pytest.MonkeyPatch):
        """The scaling by the mean size of a window knows zero, and is left out here."""
        monkeypatch.setattr("elman.tasks.forecast.selection.SCALINGS", (kind,))
        before, after = (self.fitted(heated, pl.col("y") + by) for by in (0.0, shift))
        np.testing.assert_allclose(after - shift, before, rtol=0, atol=1e-4 * np.abs(before).max())

    def test_scale_of_several_series(self, stacked: pl.DataFrame):
        table = stacked.select("time", "y", "series")
        before, after = (
            quantiles_of(
                small_forecaster(series="series").fit(table.with_columns(pl.col("y") * by)).backtest()
            )
            for by in (1.0, 250.0)
        )
        np.testing.assert_allclose(after, 250 * before, rtol=1e-4)
