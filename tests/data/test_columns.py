"""Which column plays which part."""

import re
from datetime import date

import polars as pl
import pytest

from elman.data.columns import Columns
from elman.errors import ColumnError, DataError

FRAME = pl.DataFrame(
    {"Time": [1], "Demand": [2.0], "Holiday": [True], "Sky": ["grey"], "Day": [date(2024, 1, 1)], "Id": ["a"]}
)


def test_parts():
    columns = Columns("Time", "Demand", series="Id", known=["Holiday"], past="Sky")  # pyright: ignore
    assert columns.known == ("Holiday",)
    assert columns.past == ("Sky",)
    assert columns.covariates == ("Holiday", "Sky")
    assert columns.names == ("Time", "Id", "Demand", "Holiday", "Sky")
    columns.check(FRAME)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"target": "Time"}, "Column 'Time' is named as `time` and as `target`; a column plays one part."),
        ({"known": ["a", "a"]}, "Column 'a' is named twice in `known`."),
        ({"known": ["a"], "past": ["a"]}, "Column 'a' is named as `known` and as `past`; a column"),
        ({"series": "Time"}, "Column 'Time' is named as `time` and as `series`"),
        (
            {"target": ["a", "b"]},
            "the name of one column, but it lists 'a', 'b': forecast one target at a time, or",
        ),
        ({"target": 3}, "`target` must be the name of one column, but it is 3."),
        ({"time": None}, "`time` must be the name of one column, but it is None."),
        ({"series": ["a"]}, "`series` must be the name of one column, but it is ['a']."),
        ({"known": [1]}, "`known` must be a list of column names, but it is [1]."),
        ({"past": 1}, "`past` must be a list of column names, but it is 1."),
    ],
)
def test_parts_that_cannot_be(parts: dict, message: str):
    with pytest.raises(ColumnError, match=re.escape(message)):
        Columns(**{"time": "Time", "target": "Demand", **parts})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            Columns("Time", "demand"),
            "no column target='demand'. Did you mean 'Demand'? Its columns: 'Time', 'Demand',",
        ),
        (Columns("Zeit", "Demand"), "The table has no column time='Zeit'. Its columns: 'Time'"),
        (
            Columns("Time", "Demand", known=("Holidays",)),
            "no column known='Holidays'. Did you mean 'Holiday'?",
        ),
        (
            Columns("Time", "Sky"),
            "numeric or boolean, but it is text: 1 of 1 values are not numbers, such as 'grey'.",
        ),
        (Columns("Time", "Day"), "The target 'Day' must be numeric or boolean, but it is dates."),
        (
            Columns("Time", "Demand", past=("Day",)),
            "The covariate 'Day' must be numeric, boolean or text, but it is dates",
        ),
    ],
)
def test_table_that_does_not_fit(columns: Columns, message: str):
    with pytest.raises(ColumnError, match=re.escape(message)):
        columns.check(FRAME)


def test_long_lists_are_cut():
    frame = pl.DataFrame({f"c{at}": [0] for at in range(40)})
    with pytest.raises(ColumnError, match=r"'c29' and 10 more\.$"):
        Columns("t", "y").check(frame)


def test_boolean_target_is_fine():
    Columns("Time", "Holiday").check(FRAME)


def test_error_is_caught_as_its_builtin():
    with pytest.raises(KeyError) as caught:
        Columns("Time", "nothing").check(FRAME)
    assert isinstance(caught.value, DataError)
    assert str(caught.value).startswith("The table has no column")
