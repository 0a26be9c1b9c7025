"""Time zones, and the days on which the clock changes."""

import re
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data import Columns, Panel, build_panel
from elman.errors import DataError, OptionError

COLUMNS = Columns("t", "y")
# The day on which the clock is set forward, and the one on which it is set back.
ZONES = {
    "Australia/Melbourne": (datetime(2014, 10, 5), datetime(2014, 4, 6)),
    "Europe/Berlin": (datetime(2024, 3, 31), datetime(2024, 10, 27)),
}


def panel_of(times: pl.Series | list, zone: str | None, columns: Columns = COLUMNS, **more) -> Panel:
    table = pl.DataFrame({"t": times, **more}).with_columns(pl.int_range(pl.len()).alias("y"))
    return build_panel(table, columns, time_zone=zone)


def half_hours(day: datetime, zone: str) -> pl.Series:
    """The half hours from the day before to the day after, as a clock in the zone shows them."""
    start, end = day - timedelta(days=1), day + timedelta(days=2)
    return pl.datetime_range(start, end, "30m", time_zone=zone, closed="left", eager=True)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("which", "num_steps"), [(0, 3 * 48 - 2), (1, 3 * 48 + 2)])
def test_local_times_without_zone(zone: str, which: int, num_steps: int):
    """Local stamps of a day of 23 or 25 hours become the same as stamps with a zone."""
    expected = half_hours(ZONES[zone][which], zone)
    panel = panel_of(expected.dt.replace_time_zone(None), zone)
    assert panel.series[0].frame["t"].to_list() == expected.to_list()
    assert panel.series[0].frame["t"].dtype == pl.Datetime("us", zone)
    assert panel.series[0].frame.height == num_steps
    assert [finding.kind for finding in panel.findings] == (["clock_change"] if which else [])


@pytest.mark.parametrize("zone", ZONES)
def test_text_with_offsets(zone: str):
    expected = half_hours(ZONES[zone][1], zone)
    panel = panel_of([stamp.isoformat() for stamp in expected], zone)
    assert panel.series[0].frame["t"].to_list() == expected.to_list()
    assert panel.findings == ()


def test_finding_of_an_hour_shown_twice():
    times = half_hours(datetime(2024, 10, 27), "Europe/Berlin").dt.replace_time_zone(None)
    (finding,) = panel_of(times, "Europe/Berlin").findings
    assert finding.message == (
        "Local times such as 2024-10-27 02:00 occur twice when the clock is set back; the first in the table "
        "is taken as the earlier, and one that stands alone too."
    )
    assert finding.examples == ["2024-10-27 02:00", "2024-10-27 02:30"]


def test_hour_shown_twice_that_stands_once_is_the_earlier():
    times = half_hours(datetime(2024, 10, 27), "Europe/Berlin").dt.replace_time_zone(None).unique()
    panel = panel_of(times, "Europe/Berlin")
    assert [finding.kind for finding in panel.findings] == ["clock_change", "gap"]
    assert panel.findings[1].examples == ("after 2024-10-27 02:30+02:00",)


def test_hour_shown_twice_in_several_series():
    times = half_hours(datetime(2024, 10, 27), "Europe/Berlin")
    stacked = pl.concat([times, times]).dt.replace_time_zone(None)
    columns = Columns("t", "y", series="s")
    panel = panel_of(stacked, "Europe/Berlin", columns, s=["a"] * len(times) + ["b"] * len(times))
    assert all(one.frame["t"].to_list() == times.to_list() for one in panel.series)


def test_hour_shown_twice_in_a_table_out_of_order():
    times = half_hours(datetime(2024, 10, 27), "Europe/Berlin").dt.replace_time_zone(None)
    message = (
        "The clock was set back at 2024-10-27 02:30, 2024-10-27 02:00, and the table is not in order of "
        "time, so the two stamps cannot be told apart; sort it, or write stamps with their offset from UTC."
    )
    with pytest.raises(DataError, match=re.escape(message)):
        panel_of(times.reverse(), "Europe/Berlin")


def test_hour_shown_twice_without_a_zone_is_a_duplicate():
    times = half_hours(datetime(2024, 10, 27), "Europe/Berlin").dt.replace_time_zone(None)
    with pytest.raises(DataError, match=r"if a clock was set back there, pass time_zone= \(--time-zone\)\.$"):
        panel_of(times, None)


def test_times_that_do_not_exist():
    times = [datetime(2024, 3, 31, 1) + timedelta(minutes=30 * step) for step in range(8)]
    message = (
        "2 time stamps do not exist in Europe/Berlin, where the clock was set forward: 2024-03-31 02:00, "
        "2024-03-31 02:30. If they are in standard time all year, leave time_zone out or name a zone without "
    )
    with pytest.raises(DataError, match=re.escape(message)):
        panel_of(times, "Europe/Berlin")


def test_days_exist_even_where_midnight_does_not():
    days = [datetime(2018, 11, day) for day in (2, 3, 4, 5, 6)]
    panel = panel_of(days, "America/Sao_Paulo")
    assert panel.frequency.every == "1d"
    assert panel.series[0].frame["t"].dt.date().to_list() == [day.date() for day in days]
    assert panel.findings == ()


@pytest.mark.parametrize(("zone", "changes"), ZONES.items())
@pytest.mark.parametrize("which", [0, 1])
def test_daily_grid_across_a_change_of_the_clock(zone: str, changes: tuple[datetime, datetime], which: int):
    days = [changes[which] + timedelta(days=day) for day in (-2, -1, 0, 2, 3)]
    panel = panel_of(days, zone)
    assert panel.frequency.every == "1d"
    assert [stamp.hour for stamp in panel.series[0].frame["t"]] == [0] * 6
    assert panel.findings[0].examples == (f"after {panel.series[0].frame['t'][2].isoformat(' ', 'minutes')}",)


def test_zone_is_converted():
    times = pl.Series([datetime(2014, 1, 1, hour, tzinfo=UTC) for hour in range(3)])
    frame = panel_of(times, "Australia/Melbourne").series[0].frame
    assert [stamp.hour for stamp in frame["t"]] == [11, 12, 13]
    assert frame["t"].to_list() == times.to_list()


def test_dates_and_integers_have_no_zone():
    assert (
        panel_of([date(2024, 1, 1), date(2024, 1, 2)], "Europe/Berlin").series[0].frame["t"].dtype == pl.Date
    )
    assert panel_of([1, 2], "Europe/Berlin").series[0].frame["t"].dtype == pl.Int64


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Berlín", " Did you mean 'Europe/Berlin'?"),
        ("Melbourne", " Did you mean 'Australia/Melbourne'?"),
        (10, ""),
    ],
)
def test_no_such_zone(zone, hint: str):
    message = f"There is no time zone {zone!r}; use a name such as 'Europe/Berlin'.{hint}"
    with pytest.raises(OptionError, match=f"^{re.escape(message)}$"):
        panel_of([datetime(2024, 1, 1), datetime(2024, 1, 2)], zone)


@settings(max_examples=30)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(["Australia/Melbourne", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    st.sampled_from(["30m", "1h"]),
)
def test_local_clock_readings_of_an_ordered_table_tell_the_time(start: datetime, zone: str, every: str):
    start = start.replace(minute=0, second=0, microsecond=0)
    times = pl.datetime_range(start, start + timedelta(days=250), every, time_zone="UTC", eager=True)
    times = times.dt.convert_time_zone(zone)
    # The first stamp may be the second reading of an hour shown twice, which it cannot know.
    times = times.slice(24)
    if times[0].fold == 0:
        frame = panel_of(times.dt.replace_time_zone(None), zone).series[0].frame
        assert (frame["t"] == times).all()
