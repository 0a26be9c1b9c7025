"""Frames of other libraries give the same table."""

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from elman.data import Columns, build_panel
from elman.data.tables import read_table
from elman.errors import DataError

ZONE = ZoneInfo("Europe/Berlin")
TABLE = {
    "naive": [datetime(2024, 1, 1), datetime(2024, 1, 2), None],
    "zoned": [datetime(2024, 3, 31, 1, tzinfo=ZONE), datetime(2024, 3, 31, 3, tzinfo=ZONE), None],
    "int": [1, 2, 3],
    "float": [0.5, None, 2.0],
    "bool": [True, False, True],
    "holed bool": [True, None, False],
    "text": ["a", None, "c"],
}
POLARS = pl.DataFrame(TABLE, schema_overrides={"zoned": pl.Datetime("us", "Europe/Berlin")})


def as_pandas() -> pd.DataFrame:
    frame = pd.DataFrame({**TABLE, "zoned": pd.Series(pd.to_datetime(TABLE["zoned"], utc=True))})
    return frame.assign(zoned=frame["zoned"].dt.tz_convert("Europe/Berlin"))


def as_nullable_pandas() -> pd.DataFrame:
    return as_pandas().convert_dtypes()


def as_arrow() -> pa.Table:
    return pa.table({**TABLE, "zoned": pa.array(TABLE["zoned"], pa.timestamp("us", "Europe/Berlin"))})


SOURCES = [POLARS.lazy, as_pandas, as_nullable_pandas, as_arrow]


@pytest.mark.parametrize("source", SOURCES, ids=["lazy", "pandas", "nullable pandas", "arrow"])
def test_same_table(source):
    read = read_table(source()).with_columns(pl.selectors.datetime().dt.cast_time_unit("us"))
    assert_frame_equal(read, POLARS)


@pytest.mark.parametrize("source", SOURCES, ids=["lazy", "pandas", "nullable pandas", "arrow"])
def test_same_panel(source):
    columns = Columns(time="int", target="float", known=("bool", "holed bool"), past=("text",))
    expected, panel = build_panel(POLARS, columns), build_panel(read_table(source()), columns)
    assert_frame_equal(panel.series[0].frame, expected.series[0].frame)
    assert panel.findings == expected.findings


def test_arrow_categories():
    read = read_table(pa.table({"x": pa.array(["a", "b", "a"]).dictionary_encode()}))
    assert read["x"].to_list() == ["a", "b", "a"]
    assert read["x"].dtype == pl.String


def test_pandas_categories_objects_and_periods():
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["a", None]),
            "mixed": pd.Series([1, 2.5], dtype=object),
            "period": pd.period_range("2024-01", periods=2, freq="M"),
            "day": [date(2024, 1, 1), date(2024, 1, 2)],
        }
    )
    read = read_table(frame)
    assert read["category"].to_list() == ["a", None]
    assert read["mixed"].to_list() == [1.0, 2.5]
    assert read["period"].to_list() == [datetime(2024, 1, 1), datetime(2024, 2, 1)]
    assert read["day"].dtype == pl.Date


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (None, ["y"]),
        (pd.RangeIndex(5, 7), ["y"]),
        (pd.Index([7, 9]), ["y"]),
        (pd.Index([7, 9], name="t"), ["t", "y"]),
        (pd.DatetimeIndex(["2024-01-01", "2024-01-02"]), ["index", "y"]),
        (pd.DatetimeIndex(["2024-01-01", "2024-01-02"], name="when"), ["when", "y"]),
        (pd.PeriodIndex(["2024-01", "2024-02"], freq="M", name="month"), ["month", "y"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["id", "t"]), ["id", "t", "y"]),
    ],
)
def test_index_that_says_something_becomes_columns(index, columns):
    assert read_table(pd.DataFrame({"y": [1.0, 2.0]}, index=index)).columns == columns


def test_fixed_offset_of_pandas_becomes_utc():
    times = pd.Series(pd.to_datetime(["2024-01-01 01:00+01:00"]))
    read = read_table(pd.DataFrame({"t": times}))
    assert read["t"].to_list() == [datetime(2024, 1, 1, tzinfo=UTC)]


def test_numbers_as_column_names():
    assert read_table(pd.DataFrame({0: [1], 1: [2]})).columns == ["0", "1"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([1, 2], "a path, or a data frame of polars, pandas or Arrow, but it is of type builtins.list."),
        (np.zeros((2, 2)), "but it is of type numpy.ndarray."),
        (pd.Series([1]), "but it is of type pandas."),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "The table has 2 columns named 'a'; rename"),
        (pa.table([[1], [2]], names=["a", "a"]), "The table has 2 columns named 'a'; rename"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "columns of several levels"),
        (pd.DataFrame({"a": [1, "x"]}), "Column 'a' mixes values of types int, str; convert it to one type."),
    ],
)
def test_no_table(source, message: str):
    with pytest.raises(DataError, match=re.escape(message)):
        read_table(source)


def test_pandas_and_arrow_are_not_needed():
    code = (
        "import sys; sys.modules['pandas'] = sys.modules['pyarrow'] = None\n"
        "import polars as pl\n"
        "from elman.data import Columns, build_panel, read_table\n"
        "panel = build_panel(read_table(pl.DataFrame({'t': [1, 2], 'y': [1, 2]})), Columns('t', 'y'))\n"
        "assert panel.series[0].frame.height == 2\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pandas_without_arrow(monkeypatch: pytest.MonkeyPatch):
    """Pandas works without Arrow, so a table of it must not need Arrow either."""
    frame = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=3), "x": ["a", "b", None]}).astype(
        {"x": object}
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.setitem(sys.modules, name, None)
    read = read_table(frame)
    assert read["x"].to_list() == ["a", "b", None]
    assert read["t"].to_list() == [datetime(2024, 1, 1) + timedelta(days=day) for day in range(3)]
