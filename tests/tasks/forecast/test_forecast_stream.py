"""A stream says after each row what `predict` says of the rows until then; it keeps what it reads."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from forecast_tables import HORIZON, quantiles_of, small_forecaster

from elman.errors import DataError
from elman.tasks import Forecaster
from elman.tasks.forecast import stream_buffer
from elman.tasks.forecast.stream import ForecastStream
from elman.tasks.forecast.stream_scale import RunningScale


def stream_of(forecaster: Forecaster) -> ForecastStream:
    return ForecastStream(forecaster.model, time_zone=forecaster.options.time_zone)


def push_all(stream: ForecastStream, table: pl.DataFrame) -> list[pl.DataFrame]:
    answers = [stream.push(row) for row in as_text(table).iter_rows(named=True)]
    return [one for one in answers if one is not None]


def as_text(table: pl.DataFrame) -> pl.DataFrame:
    """Cells as a line of CSV holds them."""
    return table.select(pl.all().cast(pl.String).fill_null(""))


def without_target(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(y=pl.lit(None, pl.Float64), load=pl.lit(None, pl.Float64))


def assert_same_forecast(one: pl.DataFrame, other: pl.DataFrame, rtol: float = 0) -> None:
    names = ["series", "origin", "time", "step"]
    assert one.columns == other.columns
    assert one.select(names).equals(other.select(names))
    np.testing.assert_allclose(quantiles_of(one), quantiles_of(other), rtol=rtol, atol=0)


def test_every_forecast_is_that_of_the_rows_until_then(rich: Forecaster, hourly: pl.DataFrame):
    begin, end, ahead = rich.model.geometry.context - 1, 200, rich.model.geometry.rows_after
    stream = stream_of(rich)
    push_all(stream, hourly[:begin])
    push_all(stream, without_target(hourly[begin : begin + ahead]))
    for at in range(begin, end):
        push_all(stream, without_target(hourly[at + ahead : at + ahead + 1]))
        (forecast,) = push_all(stream, hourly[at : at + 1])
        if at % 16 == 0:
            future = hourly[at + 1 : at + ahead + 1].drop("y", "load")
            assert_same_forecast(forecast, rich.predict(hourly[: at + 1], future))
    (buffer,) = stream._buffers.values()
    assert len(buffer.past) == rich.model.geometry.rows_before < end
    assert len(buffer.future) == ahead


def test_gaps_and_missing_values_are_those_of_a_table(rich: Forecaster, hourly: pl.DataFrame):
    table = hourly[:120].with_columns(
        pl.when(pl.col("time").dt.hour() == 5).then(None).otherwise("y").alias("y"),
        pl.when(pl.col("time").dt.hour() == 9).then(None).otherwise("load").alias("load"),
    )
    past = pl.concat([table[:60], table[63:104]])
    future = hourly[104 : 104 + HORIZON]
    stream = stream_of(rich)
    assert push_all(stream, past) == []
    (last,) = push_all(stream, without_target(future))
    assert_same_forecast(last, rich.predict(past, future.drop("y", "load")))


def test_each_series_has_its_own_context(several: Forecaster, stacked: pl.DataFrame):
    # Rows of one batch and of another may be added up in another order, in float32.
    past = stacked.filter(pl.int_range(pl.len()).over("series") < 200).sort("time", maintain_order=True)
    future = stacked.filter(pl.int_range(pl.len()).over("series").is_between(200, 199 + HORIZON))
    stream = stream_of(several)
    push_all(stream, past)
    forecast = pl.concat(push_all(stream, without_target(future).sort("time", "series")))
    assert sorted(forecast["series"].unique()) == ["a", "b", "c"]
    expected = several.predict(past, future.drop("y", "load"))
    assert_same_forecast(forecast.sort("series", "step"), expected, rtol=1e-5)


@pytest.mark.parametrize("linear_scaling", ["series", "window", "naive"])
@pytest.mark.parametrize("names", [["old"], ["old", "older"]])
def test_unseen_series_is_scaled_by_all_that_was_seen_of_it(names: list[str], linear_scaling: str):
    values = np.random.default_rng(0).normal(size=300).cumsum() + 100
    training = pl.concat(pl.DataFrame({"time": range(300), "y": values, "name": name}) for name in names)
    forecaster = small_forecaster(series="name", context=8).fit(training)
    model = forecaster.model
    model.linear_scaling = replace(model.linear_scaling, kind=linear_scaling)
    new = pl.DataFrame({"time": range(250), "y": 3 * values[50:], "name": "new"})
    new = new.with_columns(y=pl.when(pl.col("time").is_between(200, 204)).then(None).otherwise("y"))
    answers = {one["origin"][0]: one for one in push_all(stream_of(forecaster), new)}
    # The running mean is rounded at each step, the one of the table at the end; the network is float32.
    for origin in (7, 60, 249):
        assert_same_forecast(answers[origin], forecaster.predict(new[: origin + 1]), rtol=1e-5)


def test_running_scale_is_that_of_the_whole():
    values = np.random.default_rng(0).normal(size=300) * 1e-3 + 100
    values[[0, 17, 18, 200]] = np.nan
    cells = [None if np.isnan(value) else float(value) for value in values]
    running = RunningScale()
    for at, cell in enumerate(cells):
        running.add(cell, cells[at - 7] if at >= 7 else None)
    observed = values[np.isfinite(values)]
    naive = np.nanmean(np.abs(values[7:] - values[:-7]))
    assert running.measure("series") == pytest.approx((observed.mean(), observed.std()), rel=1e-12)
    assert running.measure("naive") == pytest.approx((observed.mean(), naive), rel=1e-12)


def test_text_that_the_past_once_lacked_may_lack_for_ever(rich: Forecaster, hourly: pl.DataFrame):
    table = hourly.with_columns(sky=pl.when(pl.col("time") == hourly["time"][1]).then(None).otherwise("sky"))
    num_rows = rich.model.geometry.rows_before + 20
    future = table[num_rows : num_rows + HORIZON].with_columns(sky=pl.lit(None, pl.String))
    stream = stream_of(rich)
    push_all(stream, table[:num_rows])
    (forecast,) = push_all(stream, without_target(future))
    assert_same_forecast(forecast, rich.predict(table[:num_rows], future.drop("y", "load")))
    stream = stream_of(rich)
    assert push_all(stream, pl.concat([hourly[:num_rows], without_target(future)])) == []


def test_forecast_begins_with_the_context_and_says_once_what_lacks(rich: Forecaster, hourly: pl.DataFrame):
    stream, context = stream_of(rich), rich.model.geometry.context
    assert push_all(stream, hourly[:context]) == []
    assert stream.notes == []
    assert push_all(stream, hourly[context : context + 3]) == []
    (note,) = stream.notes
    time = hourly["time"]
    assert note.startswith(
        f"no forecast after {time[context - 1]:%Y-%m-%d %H:%M}: the known covariate 'heat' has"
    )
    assert f"no value at {time[context + 3]:%Y-%m-%d %H:%M}, one of the 6 steps" not in note
    rest = hourly[context + 3 : context + 3 + HORIZON]
    (forecast,) = push_all(stream, without_target(rest))
    assert forecast["time"].to_list() == rest["time"].to_list()


def plain_stream(**options: Any) -> tuple[Forecaster, ForecastStream]:
    values = [math.sin(at) + at % 5 for at in range(120)]
    table = pl.DataFrame({"time": range(120), "y": values})
    forecaster = small_forecaster(context=8, **options).fit(table)
    return forecaster, stream_of(forecaster)


def test_rows_before_the_first_target_do_not_count():
    forecaster, stream = plain_stream()
    empty = [{"time": at, "y": None} for at in range(20)]
    rows = [*empty, *({"time": at, "y": float(at % 7)} for at in range(20, 30))]
    answers = [one for one in map(stream.push, rows) if one is not None]
    assert [one["origin"][0] for one in answers] == [27, 28, 29]
    assert_same_forecast(answers[-1], forecaster.predict(pl.DataFrame(rows[20:])))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"time": "7", "y": "1"}, "7 comes too late: 9 of its series was observed before"),
        ({"time": "9", "y": ""}, "9 comes too late"),
        ({"time": "1000000", "y": "1"}, "1000000 is more than 100,000 steps of 1i from the last row"),
        ({"time": "", "y": "1"}, "has no time stamp in 'time'"),
        ({"time": "noon", "y": "1"}, "'time' must be a whole number.*'noon'"),
        ({"time": True, "y": 1}, "'time' must be a whole number.*'True'"),
        ({"time": "10", "y": "ten"}, "'y' must be a number such as 3.5, but it is 'ten'"),
        ({"time": "10", "y": "1_0"}, "'y' must be a number"),
        ({"time": 10, "y": [1]}, "'y' must be a number"),
    ],
)
def test_bad_row_is_refused_and_changes_nothing(row: dict[str, Any], said: str):
    _, stream = plain_stream()
    for at in range(10):
        stream.push({"time": at, "y": float(at)})
    with pytest.raises(DataError, match=said):
        stream.push(row)
    (buffer,) = stream._buffers.values()
    assert (buffer.last, buffer.num_steps, buffer.future) == (9, 10, {})
    assert stream.push({"time": 10, "y": 2}) is not None


def test_row_of_a_step_to_come_is_said_again_until_it_is_observed():
    _, stream = plain_stream()
    assert all(stream.push({"time": at, "y": 1.0}) is None for at in range(7))
    assert stream.push({"time": 7, "y": "NA"}) is None
    assert stream.push({"time": 7, "y": math.inf}) is None
    assert stream.push({"time": 7, "y": True}) is not None
    assert stream.push({"time": " ", "y": None}) is None


def test_stray_future_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream_buffer, "MOST_STEPS_AHEAD", 5)
    _, stream = plain_stream()
    stream.push({"time": 0, "y": 1.0})
    stream.push({"time": 5, "y": None})
    with pytest.raises(DataError, match="more than 5 steps"):
        stream.push({"time": 6, "y": None})


def daily(**options: Any) -> Forecaster:
    stamps = [datetime(2024, 1, 1) + timedelta(hours=at) for at in range(200)]
    table = pl.DataFrame({"time": stamps, "y": [float(at % 24) for at in range(200)]})
    return small_forecaster(context=8, **options).fit(table)


def test_hour_that_a_clock_shows_twice_is_told_by_the_order():
    forecaster = daily(time_zone="Europe/Berlin")
    begin = datetime(2024, 10, 26, 12)
    hours = [*range(15), 14, *range(15, 20)]
    table = pl.DataFrame(
        {"time": [begin + timedelta(hours=at) for at in hours], "y": [1.0 * at for at in hours]}
    )
    *_, last = push_all(stream_of(forecaster), table)
    assert_same_forecast(last, forecaster.predict(table))


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        ("2024-03-31 02:30", "does not exist in Europe/Berlin"),
        ("01/02/2024 05:00", "must be a time stamp such as 2014-12-31 23:30, which can be told by itself"),
        ("2024-01-01 00:30", "2024-01-01 00:30.* is off the grid of 1h"),
        ("12", "must be a time stamp"),
    ],
)
def test_stamp_that_cannot_be_told_is_refused(stamp: str, said: str):
    stream = stream_of(daily(time_zone="Europe/Berlin"))
    stream.push({"time": "2024-01-01", "y": 1})
    with pytest.raises(DataError, match=said):
        stream.push({"time": stamp, "y": 1})


def test_stamps_with_and_without_offset_do_not_mix():
    stream = stream_of(daily())
    stream.push({"time": "2024-01-01", "y": 1})
    stream.push({"time": "20240102", "y": 1})
    with pytest.raises(DataError, match="either all have an offset from UTC, or none has"):
        stream.push({"time": "2024-01-03T00:00+01:00", "y": 1})


def test_covariates_are_of_the_kind_of_training(rich: Forecaster):
    good = {"time": "2024-01-01", "y": "1", "heat": "2", "holiday": "TRUE", "sky": "blue", "load": "?"}
    stream = stream_of(rich)
    for column, cell, said in (
        ("heat", "true", "'heat' must be a number"),
        ("heat", True, "'heat' must be a number"),
        ("holiday", "1", "'holiday' must be true or false, but it is '1'"),
        ("sky", 3, "'sky' must be text, but it is 3"),
    ):
        with pytest.raises(DataError, match=said):
            stream.push({**good, column: cell})
    stream.push(good)
    (buffer,) = stream._buffers.values()
    assert list(buffer.past) == [(1.0, 2.0, True, "blue", None)]


@pytest.mark.parametrize(("cell", "name"), [("7", "7"), (7, "7"), ("007", "7"), (True, "true"), ("08", "08")])
def test_series_are_named_as_in_a_table(cell: Any, name: str):
    table = pl.DataFrame({"time": range(120), "y": [at % 5 for at in range(120)], "shop": 7})
    stream = stream_of(small_forecaster(series="shop", context=8).fit(table))
    stream.push({"time": 0, "y": 1, "shop": cell})
    assert [*stream._buffers] == [name]
    with pytest.raises(DataError, match="The row has no series in 'shop'"):
        stream.push({"time": 0, "y": 1})
