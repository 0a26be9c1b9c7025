"""Tables with a row for each step of many sequences -> rows in order, and where each sequence begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from elman.data.column_files import SEQUENCE, read_column_file
from elman.data.columns import check_exists
from elman.data.findings import Finding
from elman.data.labels import report_words
from elman.data.magnitude import check_magnitude
from elman.data.tables import read_table
from elman.errors import ColumnError, DataError

_TABLES = {".csv", ".tsv", ".parquet", ".pq"}


@dataclass(frozen=True)
class StepColumns:
    """The parts that the columns of a table of steps play.

    Args:
        label: what is to be told of each step. None: the last column of a column file.
        sequence: names the sequence that a row belongs to. None: a column file's blank lines tell; a table
            is one sequence.
        order: sorts the rows of a sequence; None keeps them as they stand.
        symbols: columns of words, letters or codes. None, beside no features: the first column of a column
            file; of a table, all its columns of text.
        features: columns of numbers.

    Raises:
        ColumnError: a column plays two parts.
    """

    label: str | None = None
    sequence: str | None = None
    order: str | None = None
    symbols: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a column with two parts."""
        names = [self.label, self.sequence, self.order, *(self.symbols or ()), *self.features]
        twice = {name for name in names if name is not None and names.count(name) > 1}
        if twice:
            raise ColumnError(f"Column {min(twice)!r} plays two parts; name it once.")

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is read of each step."""
        return (*(self.symbols or ()), *self.features)


@dataclass(frozen=True)
class StepTable:
    """Many sequences, one after another.

    Args:
        frame: a row a step, the rows of a sequence in order; symbols and labels are text.
        starts: S + 1 numbers; sequence s has the rows from `starts[s]` to before `starts[s + 1]`.
        names: S names.
        places: where each row stood in the table that was read.
        columns: their parts, none of them open any more.
        findings: what was odd.
    """

    frame: pl.DataFrame
    starts: np.ndarray
    names: tuple[str, ...]
    places: np.ndarray
    columns: StepColumns
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each sequence."""
        return np.diff(self.starts)

    @property
    def labels(self) -> pl.Series:
        """The label of each row, null where it is missing or the table has none."""
        name = self.columns.label or ""
        if name in self.frame.columns:
            return self.frame[name]
        return pl.Series(name, [None] * self.frame.height, dtype=pl.String)


def read_steps(
    source: Any,
    columns: StepColumns,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    needs_labels: bool = True,
) -> StepTable:
    """Read sequences from a column file, a CSV or Parquet file, or a table in memory.

    Labels, named symbols and names of sequences are read as they are written; see `read_table`.

    Args:
        source: a path, or a polars, pandas or Arrow table. A path that does not end in .csv, .tsv, .parquet
            or .pq is a column file.
        columns: the parts of the columns.
        delimiter: of a column file.
        encoding: of a file that is not UTF-8 and has no byte order mark.
        needs_labels: whether the column of labels must be there.

    Raises:
        DataError: the file cannot be read.
        ColumnError: a column is absent or cannot play its part.
    """
    findings: tuple[Finding, ...] = ()
    if isinstance(source, str | Path) and Path(source).suffix.lower() not in _TABLES:
        file = read_column_file(source, delimiter, encoding)
        frame, findings = file.frame, file.findings
        columns = _of_column_file(columns, frame, str(source), needs_labels=needs_labels)
    else:
        texts = [name for name in (columns.label, columns.sequence, *(columns.symbols or ())) if name]
        frame = read_table(source, encoding=encoding, texts=texts)
        columns = _of_table(columns, frame)
    _check(frame, columns, needs_labels)
    table = _ordered(frame, columns, findings)
    return replace(table, findings=(*findings, *report_words(table.labels, "step")))


def _of_column_file(
    columns: StepColumns, frame: pl.DataFrame, where: str, *, needs_labels: bool
) -> StepColumns:
    names = [name for name in frame.columns if name != SEQUENCE]
    if len(names) == 1 and needs_labels:
        raise ColumnError(
            f"{where} has one column, but a step needs two or more: what is read first, its label last. "
            "Another --delimiter than blanks may stand between them."
        )
    symbols = columns.symbols
    if symbols is None:
        symbols = () if columns.features else (names[0],)
    label = columns.label or names[-1]
    return StepColumns(label, columns.sequence or SEQUENCE, columns.order, symbols, columns.features)


def _of_table(columns: StepColumns, frame: pl.DataFrame) -> StepColumns:
    if columns.label is None:
        raise ColumnError("A table must be told which column holds the labels: label=..., or --label.")
    symbols = columns.symbols
    if symbols is None:
        taken = {columns.label, columns.sequence, columns.order}
        texts = [name for name in frame.columns if frame[name].dtype == pl.String and name not in taken]
        symbols = () if columns.features else tuple(texts)
    return StepColumns(columns.label, columns.sequence, columns.order, symbols, columns.features)


def _check(frame: pl.DataFrame, columns: StepColumns, needs_labels: bool) -> None:
    if not columns.inputs:
        raise ColumnError("There is nothing to tell labels from: name columns of symbols or of features.")
    parts = [("symbols", name) for name in columns.symbols or ()]
    parts += [("features", name) for name in columns.features]
    parts += [("sequence", columns.sequence), ("order", columns.order)]
    if needs_labels:
        parts.append(("label", columns.label))
    for part, name in parts:
        if name is not None:
            check_exists(name, frame, f"{name!r} for `{part}`")


def _ordered(frame: pl.DataFrame, columns: StepColumns, findings: Sequence[Finding]) -> StepTable:
    place, number = "elman: place", "elman: sequence"
    texts = [name for name in (columns.label, *(columns.symbols or ())) if name in frame.columns]
    frame = frame.with_columns(pl.col(texts).cast(pl.String)).with_columns(
        _numbers(frame[name]) for name in columns.features
    )
    frame = frame.with_row_index(place)
    if columns.sequence is None:
        frame = frame.with_columns(pl.lit(0).alias(number))
    else:
        _require_filled(frame[columns.sequence], "names the sequence")
        first = pl.col(place).min().over(columns.sequence)
        frame = frame.with_columns(first.alias(number))
    by = [number, place] if columns.order is None else [number, columns.order, place]
    _check_order(frame, columns)
    frame = frame.sort(by)
    begins = np.flatnonzero(np.diff(frame[number].to_numpy(), prepend=-1))
    names = (
        ["1"]
        if columns.sequence is None
        else frame[columns.sequence].gather(begins).cast(pl.String).to_list()
    )
    places = frame[place].to_numpy()
    starts = np.append(begins, frame.height)
    return StepTable(frame.drop(place, number), starts, tuple(names), places, columns, tuple(findings))


def _require_filled(column: pl.Series, role: str) -> None:
    """Refuse a column with empty cells; the header is row 1."""
    rows = np.flatnonzero(column.is_null().to_numpy())
    if len(rows):
        count = "1 row has" if len(rows) == 1 else f"{len(rows):,} rows have"
        raise DataError(f"{count} no value in {column.name!r}, which {role}; the first is row {rows[0] + 2}.")


def _check_order(frame: pl.DataFrame, columns: StepColumns) -> None:
    if columns.order is None:
        return
    _require_filled(frame[columns.order], "sorts the steps")
    keys = [columns.order] if columns.sequence is None else [columns.sequence, columns.order]
    twice = frame.filter(pl.struct(keys).is_duplicated())
    if twice.height:
        raise DataError(
            f"Two rows of one sequence have the same {columns.order!r}, such as "
            f"{dict(zip(keys, twice.select(keys).row(0), strict=True))}: {twice.height:,} such rows in all."
        )


def _numbers(column: pl.Series) -> pl.Series:
    """Give a column of numbers as such; those of a column file are text."""
    if column.dtype in (pl.Boolean, pl.Null):
        return column
    numbers = column if column.dtype.is_numeric() else _from_text(column)
    check_magnitude(numbers.cast(pl.Float64).fill_null(0).to_numpy(), f"The column {column.name!r}")
    return numbers


def _from_text(column: pl.Series) -> pl.Series:
    text = column.cast(pl.String)
    missing = text.is_in(["", "_", "NA", "NaN", "nan", "null", "?"])
    numbers = text.set(missing, None).cast(pl.Float64, strict=False)
    wrong = text.filter(numbers.is_null() & text.is_not_null() & ~missing)
    if len(wrong):
        raise ColumnError(
            f"The feature {column.name!r} must hold numbers, but {len(wrong):,} values are none, such as "
            f"{wrong[0]!r}; name it among the symbols instead."
        )
    return numbers


def _check_width(first: StepTable, other: StepTable) -> None:
    """Refuse a column file whose columns are not those of the first: their numbers would mean others."""
    names, others = first.frame.columns, other.frame.columns
    if names[0] == others[0] == SEQUENCE and len(names) != len(others):
        raise ColumnError(
            f"All column files must have the same columns, but one has {len(names) - 1} and another "
            f"{len(others) - 1}."
        )


def join_steps(tables: Sequence[StepTable]) -> StepTable:
    """Put tables with the same columns one after another.

    Raises:
        ColumnError: one lacks a column that plays a part, or is a column file with more or fewer columns.
    """
    first = tables[0]
    for table in tables[1:]:
        _check_width(first, table)
    names = [name for name in (*first.columns.inputs, first.columns.label or "") if name]
    for table in tables[1:]:
        for name in names:
            check_exists(name, table.frame, repr(name))
    offsets = np.cumsum([0, *(table.frame.height for table in tables)])
    return StepTable(
        pl.concat([table.frame.select(names) for table in tables], how="vertical_relaxed"),
        np.concatenate([[0], *(t.starts[1:] + at for t, at in zip(tables, offsets[:-1], strict=True))]),
        tuple(name for table in tables for name in table.names),
        np.arange(offsets[-1]),
        first.columns,
        tuple(finding for table in tables for finding in table.findings),
    )
