"""Frequencies, their grids, and how they are inferred."""

import random
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from elman.data.frequency import Frequency, infer_frequency
from elman.errors import DataError, OptionError

BERLIN, MELBOURNE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Melbourne")


@pytest.mark.parametrize(
    ("every", "seasons"),
    [
        ("1s", (60, 3600)),
        ("10s", (6, 360)),
        ("1m", (60, 1440)),
        ("5m", (288, 2016)),
        ("15m", (96, 672)),
        ("30m", (48, 336)),
        ("1h", (24, 168)),
        ("6h", (4, 28)),
        ("7h", (24,)),
        ("1d", (7,)),
        ("1w", (52,)),
        ("1mo", (12,)),
        ("1q", (4,)),
        ("1y", ()),
        ("1i", ()),
        ("100ms", ()),
    ],
)
def test_seasons(every: str, seasons: tuple[int, ...]):
    assert Frequency.of(every).seasons == seasons
    assert Frequency.of(every).every == every


@pytest.mark.parametrize(
    ("written", "every"),
    [
        ("60m", "1h"),
        ("30min", "30m"),
        ("1H", "1h"),
        ("7d", "1w"),
        ("3mo", "1q"),
        ("12mo", "1y"),
        ("60s", "1m"),
        ("24h", "24h"),
    ],
)
def test_largest_unit(written: str, every: str):
    assert Frequency.of(written).every == every


@pytest.mark.parametrize("every", ["", "h", "0h", "-1h", "1.5h", "1 hour", "1h30m", 5, None])
def test_no_duration(every):
    with pytest.raises(OptionError, match=re.escape(f"1q, 1y, or 1i for integers, but it is {every!r}.")):
        Frequency.of(every)


@pytest.mark.parametrize(
    ("duration", "every", "steps"),
    [
        ("56d", "30m", 2688),
        ("1w", "1d", 7),
        ("1y", "1mo", 12),
        ("2q", "1mo", 6),
        ("5i", "1i", 5),
        ("1d", "24h", 1),
    ],
)
def test_steps_in_a_duration(duration: str, every: str, steps: int):
    assert Frequency.of(every).steps_in(duration) == steps


@pytest.mark.parametrize(("duration", "every"), [("1y", "1d"), ("1h", "1d"), ("90m", "1h"), ("1d", "1i")])
def test_duration_that_is_no_number_of_steps(duration: str, every: str):
    message = f"'{duration}' is no whole number of steps of {every}; give a number of steps."
    with pytest.raises(OptionError, match=message):
        Frequency.of(every).steps_in(duration)


def grid(every: str, start, num_steps: int, day: int | None = None) -> list:
    return Frequency.of(every, day).grid(start, num_steps).to_list()


def test_grid_of_integers_dates_and_times():
    assert grid("5i", 7, 3) == [7, 12, 17]
    assert grid("1w", date(2024, 2, 26), 2) == [date(2024, 2, 26), date(2024, 3, 4)]
    assert grid("36h", datetime(2024, 1, 1), 2) == [datetime(2024, 1, 1), datetime(2024, 1, 2, 12)]


def test_grid_of_month_ends():
    assert grid("1mo", date(2024, 2, 29), 3, day=31) == [
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
    ]
    assert grid("1mo", date(2023, 1, 31), 3, day=31) == [
        date(2023, 1, 31),
        date(2023, 2, 28),
        date(2023, 3, 31),
    ]
    assert grid("1mo", date(2023, 2, 28), 2, day=30) == [date(2023, 2, 28), date(2023, 3, 30)]
    assert grid("1mo", date(2023, 1, 28), 2) == [date(2023, 1, 28), date(2023, 2, 28)]
    assert grid("1q", datetime(2023, 9, 30, 6), 2, day=31) == [
        datetime(2023, 9, 30, 6),
        datetime(2023, 12, 31, 6),
    ]
    assert grid("1y", date(2024, 2, 29), 2, day=31) == [date(2024, 2, 29), date(2025, 2, 28)]


def test_daily_grid_keeps_the_local_time_when_the_clock_changes():
    days = grid("1d", datetime(2024, 3, 30, tzinfo=BERLIN), 3)
    assert [day.time() for day in days] == [time(0)] * 3
    assert [day.utcoffset() for day in days] == [timedelta(hours=hours) for hours in (1, 1, 2)]
    assert str(days[0].tzinfo) == "Europe/Berlin"


def test_hourly_grid_steps_in_absolute_time_when_the_clock_changes():
    spring = grid("1h", datetime(2024, 3, 31, 1, tzinfo=BERLIN), 2)
    assert [stamp.hour for stamp in spring] == [1, 3]
    autumn = grid("1h", datetime(2024, 4, 7, 1, tzinfo=MELBOURNE), 4)
    assert [(stamp.hour, stamp.fold) for stamp in autumn] == [(1, 0), (2, 0), (2, 1), (3, 0)]


def test_daily_grid_moves_on_a_time_that_the_clock_skips():
    times = grid("1d", datetime(2024, 3, 30, 2, 30, tzinfo=BERLIN), 3)
    assert [stamp.time() for stamp in times] == [time(2, 30), time(3, 30), time(2, 30)]
    midnights = grid("1d", datetime(2018, 11, 3, tzinfo=ZoneInfo("America/Sao_Paulo")), 3)
    assert [stamp.time() for stamp in midnights] == [time(0), time(1), time(0)]


def test_daily_grid_takes_the_first_of_two_equal_times():
    times = grid("1d", datetime(2024, 10, 26, 2, 30, tzinfo=BERLIN), 3)
    assert [stamp.utcoffset() for stamp in times] == [timedelta(hours=hours) for hours in (2, 2, 1)]


def test_grid_of_a_series_keeps_its_type():
    start = pl.Series("t", [datetime(2024, 1, 1)]).cast(pl.Datetime("us", "Australia/Melbourne"))
    assert Frequency.of("30m").grid(start, 3).dtype == start.dtype
    assert Frequency.of("30m").grid(start, 3).name == "t"


def test_grid_of_a_start_with_an_offset_is_in_utc():
    start = datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert grid("1h", start, 2) == [start, start + timedelta(hours=1)]
    assert Frequency.of("1h").grid(start, 1).dtype == pl.Datetime("us", "UTC")


def test_following_begins_after_the_last():
    assert Frequency.of("1mo", 31).following(date(2024, 1, 31), 2).to_list() == [
        date(2024, 2, 29),
        date(2024, 3, 31),
    ]
    assert len(Frequency.of("1h").following(datetime(2024, 1, 1), 0)) == 0


ZONES = st.sampled_from([None, "UTC", "Australia/Melbourne", "Europe/Berlin", "America/Sao_Paulo"])
FREQUENCIES = st.sampled_from(["15m", "30m", "1h", "6h", "1d", "2d", "1w", "1mo", "2mo", "1q", "1y"])


@st.composite
def grids(draw) -> tuple[Frequency, pl.Series]:
    """A frequency and a grid of it, in some zone, across many changes of the clock."""
    every, zone = draw(FREQUENCIES), draw(ZONES)
    moment = draw(st.datetimes(datetime(1999, 1, 1), datetime(2030, 1, 1)))
    start = pl.Series("t", [moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)])
    if zone:
        start = start.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        # A local time that the clock skips or shows twice cannot tell the grid that begins there.
        assume(every.endswith(("m", "h")) or start[0].hour > 4)
    frequency = Frequency.of(every, start[0].day if every.endswith(("o", "q", "y")) else None)
    return frequency, frequency.grid(start, draw(st.integers(3, 400)))


@settings(max_examples=40)
@given(grids())
def test_positions_are_the_inverse_of_the_grid(drawn: tuple[Frequency, pl.Series]):
    frequency, times = drawn
    positions, is_on_grid = frequency.positions(times, times.new_from_index(0, len(times)))
    assert positions.to_list() == list(range(len(times)))
    assert is_on_grid.all()
    assert times.is_sorted()


@settings(max_examples=40)
@given(grids(), st.randoms(use_true_random=False))
def test_grid_is_inferred_from_a_part_out_of_order(drawn: tuple[Frequency, pl.Series], order: random.Random):
    _, times = drawn
    kept = [place for place in range(len(times)) if place < 3 or order.random() < 0.8]
    order.shuffle(kept)
    found = infer_frequency(times.gather(kept))
    positions, is_on_grid = found.positions(times, times.new_from_index(0, len(times)))
    assert is_on_grid.all()
    assert positions.to_list() == list(range(len(times)))


@settings(max_examples=40)
@given(grids(), st.integers(1, 7))
def test_a_stamp_beside_the_grid_is_seen(drawn: tuple[Frequency, pl.Series], minutes: int):
    frequency, times = drawn
    _, is_on_grid = frequency.positions(
        times + timedelta(minutes=minutes), times.new_from_index(0, len(times))
    )
    assert not is_on_grid.any()


@pytest.mark.parametrize(
    ("stamps", "every", "day"),
    [
        ([1, 2, 3, 9], "1i", None),
        ([10, 20, 50], "10i", None),
        ([0, 2, 4, 5, 7, 9, 11], "1i", None),
        ([date(2024, 1, 1), date(2024, 2, 1)], "1mo", 1),
        ([date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)], "1mo", 31),
        ([date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31)], "1q", 31),
        ([date(2024, 6, 30), date(2024, 9, 30)], "1q", 31),
        ([date(2023, 1, 30), date(2023, 2, 28), date(2023, 3, 30)], "1mo", 30),
        ([date(2022, 7, 1), date(2023, 7, 1), date(2025, 7, 1)], "1y", 1),
        ([date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 29)], "1w", None),
        ([date(2024, 1, 5), date(2024, 1, 8), date(2024, 1, 9)], "1d", None),
        ([datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 30), datetime(2024, 1, 5)], "30m", None),
        ([datetime(2024, 1, 1, 9), datetime(2024, 1, 2, 9)], "1d", None),
        ([datetime(2024, 1, 1, second=10), datetime(2024, 1, 1, second=20)], "10s", None),
    ],
)
def test_inferred(stamps: list, every: str, day: int | None):
    found = infer_frequency(pl.Series(stamps))
    assert (found.every, found.day) == (every, day)


def hours_with_a_stray(minute: int) -> list[datetime]:
    return [datetime(2024, 1, 1, hour, minute * (hour == 5)) for hour in range(24)]


def test_series_have_their_own_first_stamps():
    times = pl.Series([datetime(2024, 1, 1, hour, minute) for minute in (0, 17) for hour in range(5)])
    assert infer_frequency(times, pl.Series(["a"] * 5 + ["b"] * 5)).every == "1h"


def test_stamps_of_nanoseconds():
    times = pl.Series([datetime(2024, 1, 1), datetime(2024, 1, 1, 1)]).dt.cast_time_unit("ns")
    assert infer_frequency(times).every == "1h"


@pytest.mark.parametrize(
    ("stamps", "message"),
    [
        ([0, 1, 10, 300, 301, 999], "1 (2 times), 9 (once), 290 (once), 698 (once)"),
        (
            [date(2024, 1, 1), date(2024, 1, 2), date(2024, 2, 9), date(2024, 12, 9)],
            "1d (once), 38d (once), 304d (once)",
        ),
        (hours_with_a_stray(7), "1h (21 times), 53m (once), 1h 7m (once)"),
        (hours_with_a_stray(30), "1h (21 times), 30m (once), 1h 30m (once)"),
    ],
)
def test_no_regular_grid(stamps: list, message: str):
    whole = f"stand on no regular grid; the most common distances are {message}. Resample the table, or pass"
    with pytest.raises(DataError, match=re.escape(whole)):
        infer_frequency(pl.Series(stamps))


def test_one_stamp_shows_no_distance():
    with pytest.raises(DataError, match="shows no distance between steps; pass frequency=, such as '1d'"):
        infer_frequency(pl.Series([datetime(2024, 1, 1, tzinfo=UTC)]))
