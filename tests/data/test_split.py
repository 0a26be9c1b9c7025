"""Splits by time."""

import re
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import Columns, Panel, SplitPanel, TimeSplit, build_panel, split_by_time
from elman.errors import DataError, OptionError

STACKED = Columns("t", "y", series="s")


def panel_of(**lengths: int) -> Panel:
    parts = [
        pl.DataFrame({"t": range(length), "y": range(length), "s": name}) for name, length in lengths.items()
    ]
    return build_panel(pl.concat(parts), STACKED, frequency="1i")


def single(length: int) -> Panel:
    return build_panel(pl.DataFrame({"t": range(length), "y": range(length)}), Columns("t", "y"))


def attempt(panel: Panel, **options: Any) -> SplitPanel:
    return split_by_time(panel, **options)


def test_parts_follow_one_another():
    split = split_by_time(single(100), horizon=10, context=20, validation=10, test=15)
    assert split.splits == (TimeSplit(train_end=75, validation_end=85, test_end=100),)
    assert split.panel.findings == ()


def test_each_series_is_split_at_its_own_end():
    split = split_by_time(panel_of(a=10, b=14), horizon=2, context=2, validation=2, test=3)
    assert split.splits == (TimeSplit(5, 7, 10), TimeSplit(9, 11, 14))


def test_future_rows_belong_to_no_part():
    table = pl.DataFrame({"t": range(12), "y": [*range(9), None, None, None], "k": range(12)})
    panel = build_panel(table, Columns("t", "y", known=("k",)))
    split = split_by_time(panel, horizon=1, context=1, validation=2, test=3)
    assert split.panel.series[0].frame.height == 12
    assert split.splits == (TimeSplit(4, 6, 9),)


def test_durations():
    times = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 2, 1), "30m", eager=True)
    panel = build_panel(pl.DataFrame({"t": times, "y": range(len(times))}), Columns("t", "y"))
    (split,) = split_by_time(panel, horizon=48, context=48, validation="2d", test="1w").splits
    assert (split.test_end - split.validation_end, split.validation_end - split.train_end) == (336, 96)


def test_no_held_out_parts():
    assert split_by_time(single(5), horizon=2, context=3, validation=0, test=0).splits == (
        TimeSplit(5, 5, 5),
    )


@pytest.mark.parametrize(
    ("length", "lengths", "message"),
    [
        (239, (96, 48, 48, 48), "need 240: use context <= 95 or horizon <= 47."),
        (190, (96, 48, 48, 48), "need 240: use context <= 46."),
        (120, (8, 40, 40, 40), "need 128: use horizon <= 32."),
        (100, (30, 40, 40, 40), "need 150: use a context and a horizon of 20 steps together."),
        (
            97,
            (1, 48, 48, 48),
            "need 145: shorten the validation and test parts, which leave nothing to train on.",
        ),
    ],
)
def test_largest_legal_lengths(length: int, lengths: tuple[int, int, int, int], message: str):
    context, horizon, validation, test = lengths
    whole = (
        f"The series has {length} observed steps, but context {context} + horizon {horizon} + validation "
        f"{validation} + test {test} {message}"
    )
    with pytest.raises(DataError, match=f"^{re.escape(whole)}$"):
        split_by_time(single(length), horizon=horizon, context=context, validation=validation, test=test)


@given(st.integers(2, 60), *[st.integers(1, 30)] * 2, *[st.integers(0, 20)] * 2)
def test_the_advice_is_legal_and_the_largest(
    length: int, context: int, horizon: int, validation: int, test: int
):
    held_out = {"validation": validation and validation + horizon, "test": test and test + horizon}
    lengths = {"horizon": horizon, "context": context, **held_out}
    panel = single(length)
    try:
        attempt(panel, **lengths)
    except DataError as error:
        for name, largest in re.findall(r"(context|horizon) <= (\d+)", str(error)):
            attempt(panel, **{**lengths, name: int(largest)})
            with pytest.raises(DataError):
                attempt(panel, **{**lengths, name: int(largest) + 1})


def test_short_series_are_left_out():
    split = split_by_time(panel_of(a=9, b=20, c=8), horizon=2, context=4, validation=2, test=2)
    assert [one.name for one in split.panel.series] == ["b"]
    finding = split.panel.findings[-1]
    assert (finding.kind, finding.severity, finding.series) == ("too_short", "warning", None)
    needed = "context 4 + horizon 2 + validation 2 + test 2"
    assert finding.message == f"2 series with fewer than 10 observed steps ({needed}) left out: a, c."


def test_one_short_series_is_named():
    split = split_by_time(panel_of(a=9, b=20), horizon=2, context=4, validation=2, test=2)
    assert split.panel.findings[-1].series == "a"


def test_short_series_can_be_an_error():
    with pytest.raises(DataError, match=r"^Series 'a' has 9 observed steps"):
        split_by_time(panel_of(a=9, b=20), horizon=2, context=4, validation=2, test=2, too_short="error")


def test_longest_is_named_when_all_are_too_short():
    message = (
        "Series 'b' has 9 observed steps, but context 4 + horizon 2 + validation 2 + test 2 need 10: use"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        split_by_time(panel_of(a=8, b=9), horizon=2, context=4, validation=2, test=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"horizon": 0}, "horizon must be a whole number of steps, 1 or more, but it is 0."),
        ({"context": 1.5}, "context must be a whole number of steps, 1 or more, but it is 1.5."),
        ({"context": True}, "context must be a whole number of steps, 1 or more, but it is True."),
        (
            {"test": -1},
            "test must be a number of steps or a duration such as '56d', 0 for none, but it is -1.",
        ),
        (
            {"validation": 0.2},
            "validation must be a number of steps or a duration such as '56d', 0 for none, but",
        ),
        ({"validation": "1d"}, "'1d' is no whole number of steps of 1i; give a number of steps."),
        (
            {"test": 1},
            "The test part has 1 step, too few for a forecast of horizon=2: make it 2 steps or longer",
        ),
        (
            {"validation": 3, "horizon": 4},
            "The validation part has 3 steps, too few for a forecast of horizon=4",
        ),
        ({"too_short": "drop"}, "too_short must be 'leave_out' or 'error', but it is 'drop'."),
    ],
)
def test_lengths_that_are_not_legal(change: dict, message: str):
    options = {"horizon": 2, "context": 2, "validation": 2, "test": 2, **change}
    with pytest.raises(OptionError, match=re.escape(message)):
        attempt(single(50), **options)


def test_validation_part_without_target_is_reported():
    table = pl.DataFrame({"t": range(10), "y": [0, 1, 2, 3, 4, None, None, 7, 8, 9]})
    split = split_by_time(build_panel(table, Columns("t", "y")), horizon=1, context=1, validation=2, test=3)
    finding = split.panel.findings[-1]
    assert (finding.kind, finding.column) == ("empty_part", "y")
    assert finding.message == "The validation part has no observed target: no forecast of it can be scored."


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 3),
)
def test_parts_are_as_long_as_asked_and_in_order(lengths: list[int], horizon: int, context: int, more: int):
    panel = panel_of(**{f"s{at}": length for at, length in enumerate(lengths)})
    held_out = {"validation": horizon + more, "test": horizon}
    try:
        split = attempt(panel, horizon=horizon, context=context, **held_out)
    except DataError:
        assert max(lengths) < context + 3 * horizon + more
        return
    for one, parts in zip(split.panel.series, split.splits, strict=True):
        assert parts.train_end >= context + horizon
        assert parts.validation_end - parts.train_end == horizon + more
        assert parts.test_end - parts.validation_end == horizon
        assert parts.test_end == one.num_observed
