"""Sequences come out of every kind of file as they went in; what cannot be read is refused by name."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from elman.data.sequence_folder import SequenceSource, read_sequences
from elman.data.sequence_table import SequenceColumns, sequences_from_table
from elman.data.sequences import sequences_from_arrays
from elman.data.ts_file import read_ts
from elman.errors import ColumnError, DataError, ElmanError, ShapeError

COLUMNS = SequenceColumns("who", "t", (), "class")
TABLE = pl.DataFrame(
    {
        "who": ["b", "a", "b", "a", "b"],
        "t": [2, 1, 1, 2, 3],
        "x": [2.0, 10.0, 1.0, float("nan"), 3.0],
        "y": [0, 1, 2, None, 4],
        "class": ["up", "down", "up", None, "up"],
    }
)


def test_table_rows_are_gathered_and_put_in_order():
    read = sequences_from_table(TABLE, COLUMNS, is_labelled=True)
    assert (read.ids, read.labels, read.channels) == (("b", "a"), ("up", "down"), ("x", "y"))
    np.testing.assert_array_equal(read.values[0], [[1, 2], [2, 0], [3, 4]])
    np.testing.assert_array_equal(read.values[1], [[10, 1], [np.nan, np.nan]])


def test_table_without_an_order_is_taken_as_it_stands_and_says_so():
    read = sequences_from_table(TABLE, SequenceColumns("who", None, ("x",), "class"), is_labelled=True)
    np.testing.assert_array_equal(read.values[0][:, 0], [2, 1, 3])
    assert [finding.kind for finding in read.findings] == ["unordered"]


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        (TABLE.with_columns(t=pl.lit(1)), COLUMNS, r"Two rows of sequence 'b' have the same 't', 1"),
        (TABLE.with_columns(who=pl.lit(None, pl.String)), COLUMNS, "The id 'who' is missing in 5 rows"),
        (TABLE.with_columns(pl.Series("class", list("uvwxy"))), COLUMNS, "has more than one 'class'"),
        (TABLE.drop("class"), COLUMNS, "There is no column 'class'"),
        (TABLE, SequenceColumns("who", "t", ("class",)), "The feature 'class' must hold numbers"),
        (TABLE.drop("x", "y"), COLUMNS, "No column is left to be a feature"),
    ],
)
def test_table_that_cannot_be_used_is_refused(table: pl.DataFrame, columns: SequenceColumns, message: str):
    with pytest.raises(DataError, match=message):
        sequences_from_table(table, columns, is_labelled=True)


def test_column_with_two_parts_is_refused():
    with pytest.raises(ColumnError, match="'t' is given two parts"):
        SequenceColumns("who", "t", ("t",))


TS = """# a comment
@problemName Toy
@missing true
@equalLength false
@classLabel true cat dog
@data
1,2,?:4,5,6:dog
7:8:cat
"""


def test_ts_file_has_unequal_lengths_and_missing_values(tmp_path: Path):
    (tmp_path / "toy.ts").write_text(TS)
    read = read_ts(tmp_path / "toy.ts")
    assert read.labels == ("dog", "cat")
    np.testing.assert_array_equal(read.values[0], [[1, 4], [2, 5], [np.nan, 6]])
    np.testing.assert_array_equal(read.values[1], [[7, 8]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no @data line"),
        ("1,2,3\n", "stands before @data but is no header line"),
        (TS.replace("@missing", "@timeStamps true\n@missing"), "holds time stamps"),
        (TS.replace("@classLabel", "@targetLabel"), "holds numbers to predict"),
        (TS.replace("7:8:cat", "7:cat"), r"toy.ts:8 has 1 channel, but the first sequence has 2"),
        (TS.replace("5,6", "5,six"), r"toy.ts:7 holds what is no number"),
        (TS.split("@data")[0] + "@data\n", "no sequences after @data"),
    ],
)
def test_ts_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str):
    (tmp_path / "toy.ts").write_text(text)
    with pytest.raises(DataError, match=message):
        read_ts(tmp_path / "toy.ts")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rows in {"up/one": [1, 2], "up/two": [3, 4, 5], "down/three": [6]}.items():
        path = tmp_path / "files" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"x": rows}).write_csv(path)
    return tmp_path / "files"


def test_folder_names_the_classes(folder: Path):
    read = read_sequences(folder, SequenceSource())
    assert dict(zip(read.ids, read.labels or (), strict=True)) == {
        "down/three.csv": "down",
        "up/one.csv": "up",
        "up/two.csv": "up",
    }
    assert sorted(read.lengths) == [1, 2, 3]


def test_table_names_the_classes_of_files(folder: Path, tmp_path: Path):
    labels = pl.DataFrame({"file": ["one", "two.csv", "down/three.csv"], "class": ["a", "b", "c"]})
    labels.write_csv(tmp_path / "labels.csv")
    source = SequenceSource(SequenceColumns("file", None, (), "class"), labels=str(tmp_path / "labels.csv"))
    assert read_sequences(folder, source).labels == ("c", "a", "b")
    labels.head(2).write_csv(tmp_path / "labels.csv")
    with pytest.raises(DataError, match=r"has no row for the file 'down/three.csv'"):
        read_sequences(folder, source)


def test_folder_that_cannot_be_used_is_refused(folder: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no files"):
        read_sequences(tmp_path / "empty", SequenceSource())
    (folder / "loose.csv").write_text("x\n1\n")
    with pytest.raises(DataError, match="lies in no sub-folder that names its class"):
        read_sequences(folder, SequenceSource())
    (folder / "loose.csv").write_text("z\n1\n")
    with pytest.raises(DataError, match=r"has the channels"):
        read_sequences(folder, SequenceSource())


def test_padding_of_one_array_is_cut_off_and_gaps_inside_stay():
    array = np.array([[1.0, np.nan, 3.0, np.nan], [4.0, 5.0, 6.0, 7.0]])
    read = sequences_from_arrays(array)
    assert read.lengths.tolist() == [3, 4]
    np.testing.assert_array_equal(read.values[0][:, 0], [1, np.nan, 3])


@pytest.mark.parametrize(
    ("arrays", "labels", "error", "message"),
    [
        ([], None, DataError, "There is no sequence"),
        ([[1.0], []], None, DataError, "'1' has none"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], None, ShapeError, r"they have \[3, 4\]"),
        ([["a"]], None, DataError, "holds something that is no number"),
        ([[1.0], [2.0]], [0], ShapeError, "`labels` has 1 entries for 2 sequences"),
        (np.zeros(3), None, ShapeError, r"need shape \(N, T, C\) or \(N, T\)"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(
    arrays: object, labels: list[int] | None, error: type[ElmanError], message: str
):
    with pytest.raises(error, match=message):
        sequences_from_arrays(arrays, labels)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([1.0, math.nan]), (1.0, None)),
        (["a", math.nan], ("a", None)),
        ([None, "a"], (None, "a")),
        (np.array(["a", np.float32("nan")], dtype=object), ("a", None)),
        (np.array(["nan", "a"]), ("nan", "a")),
        (np.array([3, 7]), (3, 7)),
    ],
)
def test_missing_class_of_an_array_is_not_known(labels: Any, classes: tuple[Any, ...]):
    sequences = sequences_from_arrays([np.zeros(2), np.ones(3)], labels)
    assert sequences.labels is not None
    assert sequences.labels == classes
    assert [type(one) for one in sequences.labels] == [type(one) for one in classes]
