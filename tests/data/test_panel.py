"""Tables as series on a regular grid, and what is said about them."""

import random
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from elman.data import Columns, Finding, Panel, build_panel
from elman.errors import ColumnError, DataError, OptionError

COLUMNS = Columns("t", "y")
STACKED = Columns("t", "y", series="s")


def panel_of(columns: Columns = COLUMNS, *, options: dict[str, Any] | None = None, **values) -> Panel:
    return build_panel(pl.DataFrame(values), columns, **(options or {}))


def found(panel: Panel, kind: str) -> Finding:
    (finding,) = (finding for finding in panel.findings if finding.kind == kind)
    return finding


def kinds(panel: Panel) -> list[str]:
    return [finding.kind for finding in panel.findings]


def test_regular_table():
    columns = Columns("t", "y", known=("k",), past=("p",))
    panel = panel_of(
        columns, p=["x", "z"], k=[True, False], y=[3, 5], unused=[0, 0], t=["2024-01-01", "2024-01-02"]
    )
    (series,) = panel.series
    assert series.name is None
    assert series.num_observed == 2
    assert series.frame.schema == {"t": pl.Date, "y": pl.Float64, "k": pl.Boolean, "p": pl.String}
    assert series.frame.rows() == [(date(2024, 1, 1), 3.0, True, "x"), (date(2024, 1, 2), 5.0, False, "z")]
    assert panel.frequency.every == "1d"
    assert panel.columns is columns
    assert panel.findings == ()


def test_rows_out_of_order_are_sorted():
    panel = panel_of(t=[1, 3, 2, 4], y=[1.0, 3.0, 2.0, 4.0])
    assert panel.series[0].frame["y"].to_list() == [1.0, 2.0, 3.0, 4.0]
    assert found(panel, "unordered") == Finding(
        "unordered",
        "1 row stood before an earlier time stamp of the same series, the first in row 3 (2); all rows were "
        "sorted by time.",
        column="t",
        examples=["2"],
    )


def test_series_that_take_turns_are_in_order():
    panel = panel_of(STACKED, t=[1, 1, 2, 2], s=["b", "a", "b", "a"], y=[1.0, 2.0, 3.0, 4.0])
    assert [(one.name, one.frame["y"].to_list()) for one in panel.series] == [
        ("a", [2.0, 4.0]),
        ("b", [1.0, 3.0]),
    ]
    assert panel.findings == ()


@pytest.mark.parametrize("names", [["H10", "H2", "H1"], [10, 2, 1]])
def test_series_are_in_natural_order(names: list):
    panel = panel_of(STACKED, t=[1, 2] * 3, s=[name for name in names for _ in range(2)], y=[0.0, 1.0] * 3)
    assert [one.name for one in panel.series] == [str(name) for name in reversed(names)]


def test_duplicates_are_named():
    message = (
        "2 rows repeat the time stamp of another row: 2024-01-02 00:00, 2024-01-03 00:00. Average or drop "
        "the repeats first; if the table stacks several series, name the column that tells them apart as "
        "`series`; if a clock was set back there, pass time_zone= (--time-zone)."
    )
    with pytest.raises(DataError, match=re.escape(message)):
        panel_of(t=[datetime(2024, 1, day) for day in (1, 2, 3, 2, 3)], y=[1.0] * 5)


def test_duplicates_of_a_series_are_named():
    message = "1 row repeats the time stamp of another row: 2 of series 'b'. Average or drop the repeats"
    with pytest.raises(DataError, match=re.escape(message)):
        panel_of(STACKED, t=[1, 2, 1, 2, 2], s=["a", "a", "b", "b", "b"], y=[1.0] * 5)


def test_series_column_is_suggested():
    message = "name the column that tells them apart as `series`, such as 'id'; if a clock was set back"
    with pytest.raises(DataError, match=re.escape(message)):
        panel_of(t=[1, 2, 1, 2], y=[1.0] * 4, city=["x"] * 4, id=["a", "a", "b", "b"])


def test_gaps_become_rows_of_nulls():
    columns = Columns("t", "y", known=("k",))
    days = [datetime(2024, 1, 1, hour) for hour in (0, 1, 2, 5, 6, 8)]
    panel = panel_of(
        columns, t=days, y=[0.0, 1.0, 2.0, 5.0, 6.0, 8.0], k=[True, True, False, True, True, True]
    )
    assert panel.series[0].frame["y"].to_list() == [0.0, 1.0, 2.0, None, None, 5.0, 6.0, None, 8.0]
    assert panel.series[0].frame["k"].to_list() == [True, True, False, None, None, True, True, None, True]
    assert panel.series[0].frame["t"].to_list() == [datetime(2024, 1, 1, hour) for hour in range(9)]
    assert found(panel, "gap") == Finding(
        "gap",
        "2 gaps in the grid of 1h: 3 steps (33.33%) without a row, the largest gap 2 steps after 2024-01-01 "
        "02:00; they are masked, not filled.",
        "warning",
        column="t",
        examples=("after 2024-01-01 02:00", "after 2024-01-01 06:00"),
    )
    assert kinds(panel) == ["gap"]


def test_gap_of_one_series_names_it():
    steps = [step for step in range(50) if step != 7]
    panel = panel_of(STACKED, t=[*range(50), *steps], s=["a"] * 50 + ["b"] * 49, y=[*range(50), *steps])
    finding = found(panel, "gap")
    assert (finding.series, finding.severity) == ("b", "note")
    assert finding.message.startswith(
        "1 gap in the grid of 1i: 1 step (1.00%) without a row, the largest gap 1 step"
    )
    assert "after 6 of series 'b'" in finding.message


def test_a_stray_stamp_does_not_ask_for_millions_of_rows():
    times = [
        datetime(1970, 1, 1),
        *(datetime(2024, 1, 1) + timedelta(minutes=minute) for minute in range(100)),
    ]
    message = (
        "of them missing after 1970-01-01 00:00: correct the time stamps there, or pass another frequency=."
    )
    with pytest.raises(DataError, match=re.escape(message)):
        panel_of(t=times, y=[float(at) for at in range(101)])


def test_missing_values_stay_missing():
    columns = Columns("t", "y", known=("k",), past=("p",))
    panel = panel_of(
        columns,
        t=range(1, 5),
        y=[1.0, None, float("nan"), 4.0],
        k=["a", " ", "", "b"],
        p=[1.0, float("inf"), float("-inf"), 2.0],
    )
    frame = panel.series[0].frame
    assert frame["y"].to_list() == [1.0, None, None, 4.0]
    assert frame["k"].to_list() == ["a", None, None, "b"]
    assert frame["p"].to_list() == [1.0, None, None, 2.0]
    assert found(panel, "infinite").message == "2 infinite values of 'p' are taken as missing."
    missing = {finding.column: finding.message for finding in panel.findings if finding.kind == "missing"}
    assert missing["y"] == "'y': 2 of 4 values are missing (50.00%); they are masked, not filled."
    assert missing["k"].endswith("(50.00%); they are shown to the network as missing, not filled.")
    assert set(missing) == {"y", "k", "p"}


def test_missing_values_of_series():
    panel = panel_of(STACKED, t=[1, 2, 3] * 2, s=["a"] * 3 + ["b"] * 3, y=[1.0, 2.0, 3.0, 1.0, None, 3.0])
    finding = found(panel, "missing")
    assert (finding.series, finding.examples, finding.severity) == ("b", ["b"], "warning")
    assert "1 of 6 values are missing (16.67%) in 1 series;" in finding.message


def test_future_rows_are_kept_and_not_missing():
    columns = Columns("t", "y", known=("k",), past=("p",))
    panel = panel_of(
        columns,
        t=range(6),
        y=[0.0, 1.0, 2.0, *[None] * 3],
        k=[1, 2, 3, 4, 5, None],
        p=[1, 2, 3, None, None, 9],
    )
    (series,) = panel.series
    assert series.num_observed == 3
    assert series.frame["k"].to_list() == [1, 2, 3, 4, 5]
    assert kinds(panel) == ["trimmed"]
    assert found(panel, "trimmed").message == (
        "1 row after the last observed target of their series, without known covariates, was left out."
    )


def test_rows_before_the_first_target_are_left_out():
    panel = panel_of(STACKED, t=[1, 2, 3] * 2, s=["a"] * 3 + ["b"] * 3, y=[None, None, 1.0, 1.0, 2.0, 3.0])
    assert panel.series[0].frame["t"].to_list() == [3]
    assert panel.series[1].frame["t"].to_list() == [1, 2, 3]
    assert found(panel, "trimmed").message == (
        "2 rows before the first observed target of their series were left out."
    )


def test_blank_rows_are_left_out():
    panel = panel_of(
        Columns("t", "y", past=("p",)),
        t=["2024-01-01", " ", "2024-01-02"],
        y=[1.0, None, 2.0],
        p=["a", "", "b"],
    )
    assert panel.series[0].frame.height == 2
    assert found(panel, "blank").message == "1 row without any value was left out."


def test_series_without_target_is_left_out():
    panel = panel_of(STACKED, t=[1, 2] * 2, s=["a", "a", "b", "b"], y=[None, None, 1.0, 2.0])
    assert [one.name for one in panel.series] == ["b"]
    assert found(panel, "empty").message == "1 series without any observed target left out: a."
    with pytest.raises(DataError, match=r"^The target 'y' has no observed value\.$"):
        panel_of(t=[1, 2], y=[None, None])


def test_constant_columns_are_reported():
    columns = Columns("t", "y", known=("k", "e"), past=("p",))
    panel = panel_of(columns, t=[1, 2, 3], y=[5, 5, 5], k=[True] * 3, e=[None] * 3, p=["a", None, "a"])
    constant = {finding.column: finding for finding in panel.findings if finding.kind == "constant"}
    assert set(constant) == {"y", "k", "e", "p"}
    assert constant["y"].message == "The target 'y' is constant: there is nothing to learn from it."
    assert constant["k"].message == "'k' is True in every row: it tells the network nothing."
    assert constant["e"].message == "'e' has no value at all: it tells the network nothing."
    assert constant["p"].message == "'p' is 'a' wherever it is known: it tells the network nothing."


def test_constant_target_of_one_series():
    panel = panel_of(STACKED, t=[1, 2] * 2, s=["a", "a", "b", "b"], y=[1, 2, 3, 3])
    assert found(panel, "constant").series == "b"
    assert found(panel, "constant").message.startswith("The target 'y' is constant in 1 series, such as 'b':")


def test_covariate_that_differs_between_series_is_not_constant():
    columns = Columns("t", "y", series="s", known=("k",))
    assert (
        kinds(panel_of(columns, t=[1, 2] * 2, s=["a", "a", "b", "b"], y=[1, 2, 3, 4], k=[1, 1, 2, 2])) == []
    )


def test_text_of_numbers_is_reported():
    columns = Columns("t", "y", past=("p",))
    panel = panel_of(columns, t=range(1, 6), y=range(5), p=["1", "2.5", "broken", "3", "4"])
    assert found(panel, "text").message == (
        "'p' is taken as text, but most of its values are numbers; remove 'broken' to use them so."
    )
    panel = panel_of(columns, t=range(1, 6), y=range(5), p=["1", "2.5", "0", "3", "4"])
    assert "; convert it to use them so." in found(panel, "text").message


def test_many_texts_are_reported():
    columns = Columns("t", "y", past=("p",))
    panel = panel_of(columns, t=range(1, 302), y=range(301), p=[f"x{at}" for at in range(301)])
    assert found(panel, "text").message == "'p' has 301 different texts; a network learns little about each."


def test_unequal_lengths_are_reported():
    panel = panel_of(STACKED, t=[1, 2, 3, 1, 2], s=["a"] * 3 + ["b"] * 2, y=[1, 2, 3, 4, 5])
    assert found(panel, "unequal") == Finding("unequal", "The 2 series have 2 to 3 observed steps.")


def test_utc_is_reported_where_the_local_time_matters():
    times = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 1, 2), "1h", time_zone="UTC", eager=True)
    table = pl.DataFrame({"t": times, "y": range(25)})
    assert (
        "pass time_zone= (--time-zone) for the local time"
        in found(build_panel(table, COLUMNS), "time_zone").message
    )
    for zone in ("Europe/Berlin", "UTC"):
        assert kinds(build_panel(table, COLUMNS, time_zone=zone)) == []
    assert kinds(build_panel(table.with_columns(pl.col("t").dt.replace_time_zone(None)), COLUMNS)) == []
    days = table.with_columns(
        pl.datetime_range(times[0], times[0] + timedelta(24), "1d", eager=True).alias("t")
    )
    assert kinds(build_panel(days, COLUMNS)) == []


def test_frequency_is_taken():
    panel = panel_of(
        t=[datetime(2024, 1, 1, hour) for hour in (0, 1)], y=[1.0, 2.0], options={"frequency": "30min"}
    )
    assert panel.frequency.every == "30m"
    assert panel.series[0].frame["y"].to_list() == [1.0, None, 2.0]
    panel = panel_of(t=[date(2024, 1, 31), date(2024, 2, 29)], y=[1.0, 2.0], options={"frequency": "1mo"})
    assert panel.frequency.following(date(2024, 2, 29), 1).to_list() == [date(2024, 3, 31)]


@pytest.mark.parametrize(
    ("times", "frequency", "error", "message"),
    [
        (
            [1, 2],
            "1d",
            OptionError,
            "does not fit the time column, which holds plain integers: use 1i, 2i, ...",
        ),
        (
            [date(2024, 1, 1)],
            "1i",
            OptionError,
            "does not fit the time column, which holds no integers: use 1h, 1d",
        ),
        ([date(2024, 1, 1)], "1h", OptionError, "finer than a day, but the time column holds dates."),
        ([1, 2], "often", OptionError, "but it is 'often'."),
        (
            [1, 3, 4],
            "2i",
            DataError,
            "1 time stamp off the grid of 2i that begins at its series' first stamp: 4.",
        ),
        ([date(2024, 1, 1), date(2024, 2, 2)], "1mo", DataError, "1 time stamp off the grid of 1mo"),
    ],
)
def test_frequency_that_does_not_fit(times: list, frequency: str, error: type[Exception], message: str):
    with pytest.raises(error, match=re.escape(message)):
        panel_of(t=times, y=[1.0] * len(times), options={"frequency": frequency})


def test_off_the_grid_names_the_series():
    with pytest.raises(
        DataError,
        match=re.escape("off the grid of 2i that begins at their series' first stamp: 2, 4 (series 'b')"),
    ):
        panel_of(
            STACKED, t=[1, 3, 1, 2, 4], s=["a", "a", "b", "b", "b"], y=[1.0] * 5, options={"frequency": "2i"}
        )


def test_rows_without_time_or_series():
    with pytest.raises(DataError, match=re.escape("2 rows have no time stamp in 't': row 2, 4.")):
        panel_of(t=[1, None, 2, None], y=[1.0] * 4)
    with pytest.raises(DataError, match=re.escape("1 row has no time stamp in 't': row 2.")):
        panel_of(t=["2024-01-01", "  "], y=[1.0, 2.0])
    with pytest.raises(DataError, match=re.escape("1 row has no series in 's': row 1.")):
        panel_of(STACKED, t=[1, 2], s=[None, "a"], y=[1.0, 2.0])


def test_columns_are_checked():
    with pytest.raises(ColumnError, match="The table has no column target='y'"):
        panel_of(t=[1], x=[1.0])


def test_format_of_time_is_taken():
    panel = panel_of(t=["03/04/2024", "04/04/2024"], y=[1, 2], options={"time_format": "%d/%m/%Y"})
    assert panel.series[0].frame["t"].to_list() == [date(2024, 4, 3), date(2024, 4, 4)]


def test_one_row_with_a_frequency():
    assert panel_of(t=[7], y=[1.0], options={"frequency": "1i"}).series[0].num_observed == 1


def test_stamps_of_nanoseconds_are_taken():
    times = pl.Series([datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)]).dt.cast_time_unit(
        "ns"
    )
    assert (
        build_panel(pl.DataFrame({"t": times, "y": [1, 2]}), COLUMNS).series[0].frame["t"].dtype.is_temporal()
    )


CELLS = st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("nan")))


@st.composite
def tables(draw) -> pl.DataFrame:
    """A table of up to three series with gaps and missing values, in order of time."""
    parts = []
    for name in draw(st.sampled_from([["a"], ["a", "b"], ["a2", "a10", "b"]])):
        steps = sorted(draw(st.sets(st.integers(0, 40), min_size=2, max_size=20)))
        times = [datetime(2024, 3, 30, tzinfo=UTC) + timedelta(hours=step) for step in steps]
        values = [draw(CELLS) for _ in steps]
        values[0] = 1.0
        parts.append(
            pl.DataFrame(
                {"t": times, "s": name, "y": values, "k": [draw(CELLS) for _ in steps]}, strict=False
            )
        )
    return pl.concat(parts, how="vertical_relaxed")


@settings(max_examples=40)
@given(tables(), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing_but_the_finding(table: pl.DataFrame, order: random.Random):
    columns = Columns("t", "y", series="s", known=("k",))
    rows = list(range(table.height))
    order.shuffle(rows)
    panel, shuffled = (build_panel(each, columns, frequency="1h") for each in (table, table[rows]))
    assert [one.name for one in panel.series] == [one.name for one in shuffled.series]
    for one, other in zip(panel.series, shuffled.series, strict=True):
        assert_frame_equal(one.frame, other.frame)
        assert one.num_observed == other.num_observed
    assert panel.findings == tuple(each for each in shuffled.findings if each.kind != "unordered")


@settings(max_examples=40)
@given(tables())
def test_values_come_from_their_own_row_alone(table: pl.DataFrame):
    columns = Columns("t", "y", series="s", known=("k",))
    cells = {(row["s"], row["t"]): (row["y"], row["k"]) for row in table.fill_nan(None).iter_rows(named=True)}
    for one in build_panel(table, columns, frequency="1h").series:
        for row in one.frame.iter_rows(named=True):
            assert (row["y"], row["k"]) == cells.get((one.name, row["t"]), (None, None))
        assert one.frame["t"].diff().drop_nulls().unique().to_list() in ([], [timedelta(hours=1)])


def test_a_later_value_does_not_change_an_earlier_row():
    table = pl.DataFrame({"t": range(20), "y": [None if at % 3 else float(at) for at in range(20)]})
    changed = table.with_columns(pl.when(pl.col("t") > 10).then(pl.lit(-1.0)).otherwise("y").alias("y"))
    before, after = (build_panel(each, COLUMNS).series[0].frame for each in (table, changed))
    assert_frame_equal(before.head(11), after.head(11))
