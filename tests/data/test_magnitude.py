"""Numbers whose squares overflow are refused wherever a table is read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from elman.data.columns import Columns
from elman.data.magnitude import LARGEST, check_magnitude
from elman.data.panel import build_panel
from elman.data.sequence_table import SequenceColumns, sequences_from_table
from elman.data.sequences import sequences_from_arrays
from elman.data.step_tables import StepColumns, join_steps, read_steps
from elman.errors import ColumnError, DataError

TABLE = pl.DataFrame({"id": [1, 1, 2], "at": [1, 2, 3], "x": [1.0, -2e200, 3.0], "y": ["a", "b", "a"]})


def test_the_largest_number_can_be_squared_and_summed():
    with np.errstate(over="raise"):
        assert np.isfinite((np.full(10_000, LARGEST) ** 2).sum())


def test_what_is_missing_or_infinite_is_not_judged():
    check_magnitude(np.array([[np.nan, np.inf], [-np.inf, -LARGEST]]), "It")
    check_magnitude(np.zeros((0, 2)), "It")


@pytest.mark.parametrize(
    "read",
    [
        lambda: build_panel(TABLE, Columns("at", "x")),
        lambda: build_panel(TABLE.with_columns(z=pl.lit(1.0)), Columns("at", "z", known=("x",))),
        lambda: sequences_from_table(TABLE, SequenceColumns("id", "at", ("x",)), is_labelled=False),
        lambda: read_steps(TABLE, StepColumns("y", "id", "at", (), ("x",))),
        lambda: read_steps(TABLE.cast({"x": pl.String}), StepColumns("y", "id", "at", (), ("x",))),
    ],
)
def test_a_column_of_a_table_is_named(read: Callable[[], object]):
    with pytest.raises(DataError, match=r"The column 'x' holds -2e\+200, too large to compute with"):
        read()


def test_a_sequence_in_memory_is_named():
    with pytest.raises(DataError, match=r"Sequence '1' holds 1e\+151, too large"):
        sequences_from_arrays([[1.0, 2.0], [1e151]])


def test_column_files_of_unequal_widths_are_not_joined(tmp_path: Path):
    (tmp_path / "two.txt").write_text("x P\n")
    (tmp_path / "three.txt").write_text("x DET P\n")
    two, three = (read_steps(tmp_path / name, StepColumns()) for name in ("two.txt", "three.txt"))
    with pytest.raises(ColumnError, match="one has 2 and another 3"):
        join_steps([two, three])
