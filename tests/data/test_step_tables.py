"""Rows of many sequences: put in order, told apart, and refused where they contradict one another."""

from pathlib import Path

import polars as pl
import pytest

from elman.data.step_tables import StepColumns, join_steps, read_steps
from elman.errors import ColumnError, DataError

MIXED = pl.DataFrame(
    {
        "run": ["b", "a", "b", "a", "a"],
        "at": [2, 3, 1, 1, 2],
        "heat": [12.0, 23.0, 11.0, 21.0, None],
        "state": ["on", "off", "on", "off", None],
    }
)
COLUMNS = StepColumns("state", "run", "at", None, ("heat",))


def test_rows_are_sorted_within_their_sequences_and_remember_their_places():
    table = read_steps(MIXED, COLUMNS)
    assert table.names == ("b", "a")
    assert table.starts.tolist() == [0, 2, 5]
    assert table.frame["heat"].to_list() == [11, 12, 21, None, 23]
    assert table.places.tolist() == [2, 0, 3, 4, 1]
    assert table.labels.to_list() == ["on", "on", "off", None, "off"]


def test_column_file_and_table_of_the_same_steps_agree(tmp_path: Path):
    (tmp_path / "a.conll").write_text("x 1 P\ny 2 Q\n\nz _ P\n")
    (tmp_path / "a.csv").write_text("id,word,size,tag\n1,x,1,P\n1,y,2,Q\n2,z,,P\n")
    names = ("column_1", "column_2", "column_3")
    file = read_steps(tmp_path / "a.conll", StepColumns(symbols=names[:1], features=names[1:2]))
    table = read_steps(tmp_path / "a.csv", StepColumns("tag", "id", None, ("word",), ("size",)))
    assert file.starts.tolist() == table.starts.tolist() == [0, 2, 3]
    assert file.frame.select(names).rows() == table.frame.select("word", "size", "tag").rows()


def test_without_a_word_on_symbols_the_first_column_or_all_texts_are_read(tmp_path: Path):
    (tmp_path / "a.txt").write_text("x DET 1 P\n")
    assert read_steps(tmp_path / "a.txt", StepColumns()).columns.inputs == ("column_1",)
    assert read_steps(MIXED.with_columns(code=pl.lit("c")), StepColumns("state", "run")).columns.inputs == (
        "code",
    )


def test_joined_tables_keep_their_sequences():
    table = read_steps(MIXED, COLUMNS)
    both = join_steps([table, table])
    assert both.starts.tolist() == [0, 2, 5, 7, 10]
    assert both.names == ("b", "a", "b", "a")
    assert both.labels.to_list() == table.labels.to_list() * 2


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (StepColumns("stat", "run", None, None, ("heat",)), ColumnError, "'stat'.*Did you mean 'state'"),
        (
            StepColumns("state", "series", None, None, ("heat",)),
            ColumnError,
            "no column 'series' for `sequence`",
        ),
        (StepColumns(None, "run"), ColumnError, "must be told which column holds the labels"),
        (StepColumns("heat", "at", None, (), ()), ColumnError, "nothing to tell labels from"),
        (
            StepColumns("state", None, "run", None, ("heat",)),
            DataError,
            "Two rows of one sequence have the same 'run'",
        ),
        (
            StepColumns("run", "state", None, None, ("heat",)),
            DataError,
            "1 row has no value in 'state'.*row 6",
        ),
        (
            StepColumns("state", "at", None, (), ("run",)),
            ColumnError,
            "'run' must hold numbers, but 5 values are none",
        ),
    ],
)
def test_tables_that_cannot_be_used_are_refused(columns: StepColumns, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        read_steps(MIXED, columns)


def test_a_column_plays_one_part():
    with pytest.raises(ColumnError, match="Column 'a' plays two parts"):
        StepColumns("a", "b", None, ("a",))
