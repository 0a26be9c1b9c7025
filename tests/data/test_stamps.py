"""Time stamps of any kind."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.stamps import read_times, stamp_texts
from elman.data.text_stamps import day_month_order
from elman.errors import ColumnError, DataError, OptionError


def read(*stamps, time_format: str | None = None) -> list:
    return read_times(pl.Series("t", stamps), time_format)[0].to_list()


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2014-12-31", date(2014, 12, 31)),
        ("2014/12/31", date(2014, 12, 31)),
        ("20141231", date(2014, 12, 31)),
        ("31.12.2014", date(2014, 12, 31)),
        ("31/12/2014", date(2014, 12, 31)),
        ("12/31/2014", date(2014, 12, 31)),
        ("31 Dec 2014", date(2014, 12, 31)),
        ("31-DEC-2014", date(2014, 12, 31)),
        ("2014-12", date(2014, 12, 1)),
        ("2014 Dec", date(2014, 12, 1)),
        ("Dec 2014", date(2014, 12, 1)),
        ("2014 Q4", date(2014, 10, 1)),
        ("2014-Q4", date(2014, 10, 1)),
        ("2014Q1", date(2014, 1, 1)),
        ("2015 W01", date(2014, 12, 29)),
        ("2015-W1", date(2014, 12, 29)),
        ("2014-12-31 23:30", datetime(2014, 12, 31, 23, 30)),
        ("2014-12-31T23:30:15", datetime(2014, 12, 31, 23, 30, 15)),
        ("2014-12-31 23:30:15.25", datetime(2014, 12, 31, 23, 30, 15, 250_000)),
        ("2014-12-31 24:00", datetime(2015, 1, 1)),
        ("31.12.2014 9:05", datetime(2014, 12, 31, 9, 5)),
        ("12/31/2014 11:30 PM", datetime(2014, 12, 31, 23, 30)),
        ("12/31/2014 12:00:00 am", datetime(2014, 12, 31)),
        ("12/31/2014 12:15 PM", datetime(2014, 12, 31, 12, 15)),
        ("2014-12-31T23:30:00Z", datetime(2014, 12, 31, 23, 30, tzinfo=UTC)),
        ("2014-12-31 23:30 UTC", datetime(2014, 12, 31, 23, 30, tzinfo=UTC)),
        ("2014-12-31T23:30+11:00", datetime(2014, 12, 31, 12, 30, tzinfo=UTC)),
        ("2014-12-31T23:30-0930", datetime(2015, 1, 1, 9, 0, tzinfo=UTC)),
        ("2014-12-31T23:30+11", datetime(2014, 12, 31, 12, 30, tzinfo=UTC)),
    ],
)
def test_text(text: str, stamp: date):
    assert read(text) == [stamp]


def test_dates_beside_times_are_midnights():
    assert read("2014-12-31", "2014-12-31 00:30") == [datetime(2014, 12, 31), datetime(2014, 12, 31, 0, 30)]


def test_text_that_repeats_is_mapped_back():
    assert read("2024-01-02", "2024-01-01", "2024-01-02") == [date(2024, 1, day) for day in (2, 1, 2)]


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.lists(st.datetimes(datetime(1800, 1, 1), timezones=OFFSETS), min_size=1))
def test_iso_text_with_offsets_is_read_as_python_reads_it(stamps: list[datetime]):
    assert read(*(stamp.isoformat() for stamp in stamps)) == stamps


@given(st.lists(st.datetimes(datetime(1000, 1, 1)), min_size=1), st.sampled_from("T "))
def test_iso_text_is_read_as_python_reads_it(stamps: list[datetime], mark: str):
    assert read(*(stamp.isoformat(mark) for stamp in stamps)) == stamps


def test_format():
    assert read("03/04/2014", time_format="%d/%m/%Y") == [date(2014, 4, 3)]
    assert read("03/04/14 5h30", time_format="%m/%d/%y %Hh%M") == [datetime(2014, 3, 4, 5, 30)]


@pytest.mark.parametrize(
    ("texts", "time_format", "message"),
    [
        (
            ["2014-12-31", "soon"],
            None,
            "that can be recognised, such as 2014-12-31 23:30; write all in that form, "
            "or say how they are written: time_format='%d.%m.%y %H:%M' (--time-format).",
        ),
        (["2014-02-30"], None, "holds '2014-02-30', which is no time stamp"),
        (["2014-02-03 25:00"], None, "holds '2014-02-03 25:00', which is no time stamp"),
        (["2014-02-03 10:60"], None, "holds '2014-02-03 10:60', which is no time stamp"),
        (["2014-02-03 10:00:60"], None, "holds '2014-02-03 10:00:60', which is no time stamp"),
        (["2014-12-31", "31.12.2014"], None, "holds '31.12.2014', which is no time stamp"),
        (["03/04/14"], None, "holds '03/04/14', which is no time stamp"),
        (
            ["31/12/2014", "12/31/2014"],
            None,
            "the day, such as '31/12/2014', and some with the month, such as '12/31/2014'; write all",
        ),
        (
            ["03/04/2014 10:00"],
            None,
            "Dates such as '03/04/2014' can be day/month or month/day, and no other date here tells which; "
            "say it: time_format='day-first' or 'month-first' (--time-format).",
        ),
        (
            ["2014-12-31 00:00Z", "2014-12-31 00:30"],
            None,
            "offset from UTC and some do not, such as '2014-12-31 00:30'.",
        ),
        (
            ["03/13/2014"],
            "%d/%m/%Y",
            "'03/13/2014', which is no time stamp as '%d/%m/%Y' says; correct it, or say how they are "
            "written: time_format= (--time-format).",
        ),
        (
            ["03/13/2014"],
            "day-first",
            "holds '03/13/2014', which is no time stamp with the day first; correct",
        ),
        (["1700000000", "noon"], "epoch-s", "holds 'noon', which is no time stamp as 'epoch-s' says"),
    ],
)
def test_text_that_cannot_be_read(texts: list[str], time_format: str | None, message: str):
    with pytest.raises(DataError, match=re.escape(message)):
        read(*texts, time_format=time_format)


@pytest.mark.parametrize(
    ("time_format", "message"),
    [
        ("%Q", "`time_format` cannot be used, it is '%Q'."),
        ("%I:%M %d.%m.%Y", "`time_format` cannot be used, it is '%I:%M %d.%m.%Y'."),
        ("%d %H", "`time_format` must name a whole date, such as '%d/%m/%Y %H:%M', but it is '%d %H'."),
        ("%H:%M", "must name a whole date"),
        ("%Y %d", "must name a whole date"),
        (
            "no mark",
            "or one of 'day-first', 'month-first', 'epoch-s', 'epoch-ms', 'epoch-us', 'epoch-ns', but",
        ),
        ("DayFirst", "but it is 'DayFirst'. Did you mean 'day-first'?"),
    ],
)
def test_format_that_is_none(time_format: str, message: str):
    with pytest.raises(OptionError, match=re.escape(message)):
        read("2014-12-31", time_format=time_format)


@pytest.mark.parametrize(
    ("stamp", "time_format", "expected"),
    [
        ("03/04/2014", "day-first", date(2014, 4, 3)),
        ("03/04/2014", "month-first", date(2014, 3, 4)),
        ("03.04.2014", "month-first", date(2014, 3, 4)),
        ("3-4-2014 5:30 pm", "day-first", datetime(2014, 4, 3, 17, 30)),
        ("2014-03-04", "day-first", date(2014, 3, 4)),
        ("31/12/2014 5", "%d/%m/%Y %H", datetime(2014, 12, 31, 5)),
        ("2014-12", "%Y-%m", date(2014, 12, 1)),
        (201412, "%Y%m", date(2014, 12, 1)),
        (1122014, "%d%m%Y", date(2014, 12, 1)),
        ("2014-12-31T05:30:00.25", "%Y-%m-%dT%H:%M:%S.%f", datetime(2014, 12, 31, 5, 30, 0, 250_000)),
        ("31.12.2014 05:30+0200", "%d.%m.%Y %H:%M%z", datetime(2014, 12, 31, 3, 30, tzinfo=UTC)),
        (1_420_003_800, "epoch-s", datetime(2014, 12, 31, 5, 30, tzinfo=UTC)),
        ("1420003800", "epoch-s", datetime(2014, 12, 31, 5, 30, tzinfo=UTC)),
        (1_420_003_800.25, "epoch-s", datetime(2014, 12, 31, 5, 30, 0, 250_000, tzinfo=UTC)),
        (1_420_003_800_250, "epoch-ms", datetime(2014, 12, 31, 5, 30, 0, 250_000, tzinfo=UTC)),
        (1_420_003_800_250_001, "epoch-us", datetime(2014, 12, 31, 5, 30, 0, 250_001, tzinfo=UTC)),
        (1_420_003_800_250_001_999, "epoch-ns", datetime(2014, 12, 31, 5, 30, 0, 250_001, tzinfo=UTC)),
        (-1, "epoch-s", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_form_that_is_said(stamp: object, time_format: str, expected: date):
    assert read(stamp, time_format=time_format) == [expected]


@pytest.mark.parametrize("stamp", [1_420_003_800_000, 10**18, 2**63 - 1, float("nan"), float("inf")])
def test_count_in_another_unit_is_refused(stamp: float):
    with pytest.raises(DataError, match="which is no time stamp as 'epoch-s' says"):
        read(stamp, time_format="epoch-s")


def test_first_bad_row_is_named():
    texts, rows = pl.Series("t", ["2014-12-31", "soon", "then"]), pl.Series([7, 8, 1009])
    with pytest.raises(DataError, match="The time column 't' holds 'soon' in row 8, which is no time stamp"):
        read_times(texts, rows=rows)
    with pytest.raises(DataError, match="holds '2014-12-31' in row 7, which is no time stamp as '%d"):
        read_times(texts, "%d.%m.%Y", rows)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2014 01:00", "13/04/2014 01:00"], "day-first"),
        (["03/04/2014", "04/13/2014"], "month-first"),
        (["03.04.2014"], None),  # with points the day comes first
        (["2014-04-03"], None),
        (["", "13/04/2014"], None),
        ([3, 4], None),
    ],
)
def test_order_that_the_dates_show(texts: list, order: str | None):
    assert day_month_order(pl.Series("t", texts)) == order


def test_other_types_keep_their_meaning():
    assert read(date(2024, 1, 1)) == [date(2024, 1, 1)]
    assert read(3, 1) == [3, 1]
    assert read(3.0, 1.0) == [3, 1]
    stamps = (
        pl.Series("t", [datetime(2024, 1, 1)]).dt.cast_time_unit("ns").dt.replace_time_zone("Europe/Berlin")
    )
    times, findings = read_times(stamps)
    assert times.dtype == pl.Datetime("us", "Europe/Berlin")
    assert findings == []


def test_numbers_that_are_dates():
    times, (finding,) = read_times(pl.Series("t", [20140131, 20140201]))
    assert times.to_list() == [date(2014, 1, 31), date(2014, 2, 1)]
    assert (finding.kind, finding.severity, finding.column) == ("time", "note", "t")
    assert finding.message == "Numbers such as 20140131 in 't' are read as dates."


def test_numbers_that_are_no_dates():
    assert read(20140131, 20140132) == [20140131, 20140132]


@pytest.mark.parametrize(
    ("stamp", "unit"),
    [(1_700_000_000, "epoch-s"), (1_700_000_000_000, "epoch-ms"), (1_700_000_000_000_000_000, "epoch-ns")],
)
def test_seconds_since_1970_lose_the_calendar(stamp: int, unit: str):
    times, (finding,) = read_times(pl.Series("t", [stamp, stamp + 1800]))
    assert times.to_list() == [stamp, stamp + 1800]
    assert finding.severity == "warning"
    assert finding.message == (
        "'t' looks like time since 1970 and is taken as plain integers, without calendar features; "
        f"time_format={unit!r} (--time-format {unit}) reads it as time stamps."
    )


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pl.Series("t", [0.5]), "The time column 't' holds fractions"),
        (pl.Series("t", [float("nan")]), "The time column 't' holds fractions"),
        (pl.Series("t", [True]), "must hold time stamps, dates, integers or text, but it is true or false."),
    ],
)
def test_column_that_is_no_time(column: pl.Series, message: str):
    with pytest.raises(ColumnError, match=re.escape(message)):
        read_times(column)


def test_stamps_as_text():
    stamps = pl.Series([datetime(2014, 4, 6, 2, 30), datetime(2014, 4, 6, 2, 30, 1)])
    assert stamp_texts(stamps) == ["2014-04-06 02:30", "2014-04-06 02:30:01"]
    assert stamp_texts(stamps.dt.replace_time_zone("Europe/Berlin"), 1) == ["2014-04-06 02:30+02:00"]
    assert stamp_texts(pl.Series([date(2014, 4, 6)])) == ["2014-04-06"]
    assert stamp_texts(pl.Series([1, 2, 3, 4, 5, 6])) == ["1", "2", "3", "4", "5"]
