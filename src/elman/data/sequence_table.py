"""Sequences in a long table: one row a time step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from elman.data.findings import Finding
from elman.data.labels import report_words
from elman.data.magnitude import check_magnitude
from elman.data.sequences import Sequences
from elman.errors import ColumnError, DataError

_ROW = "__row"


@dataclass(frozen=True)
class SequenceColumns:
    """Which column of a long table plays which part.

    Args:
        id: names the sequence a row belongs to.
        order: sorts the rows of a sequence; as they stand without it.
        features: numeric columns; all that play no other part if empty.
        label: the class, the same in all rows of a sequence.
        group: what a sequence belongs to, such as a person.
        part: "train", "validation" or "test".

    Raises:
        ColumnError: a column plays two parts.
    """

    id: str
    order: str | None = None
    features: tuple[str, ...] = ()
    label: str | None = None
    group: str | None = None
    part: str | None = None

    def __post_init__(self) -> None:
        """Refuse a column that plays two parts."""
        named = [name for name in (*self.others, *self.features) if name]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ColumnError(f"The column {twice[0]!r} is given two parts to play; give it one.")

    @property
    def others(self) -> tuple[str | None, ...]:
        """All but the features."""
        return self.id, self.order, self.label, self.group, self.part


def sequences_from_table(frame: pl.DataFrame, columns: SequenceColumns, *, is_labelled: bool) -> Sequences:
    """Gather the rows of each sequence.

    Args:
        frame: the long table.
        columns: which is which.
        is_labelled: whether the label, group and part columns must be there.

    Raises:
        ColumnError: a column is absent, or a feature is no number.
        DataError: an id is missing, two rows have one place, or a sequence has two classes.
    """
    wanted = columns.others if is_labelled else (columns.id, columns.order)
    _require(frame, [name for name in (*wanted, *columns.features) if name])
    features = columns.features or _numeric(frame, columns)
    findings: list[Finding] = []
    frame = frame.with_row_index(_ROW)
    if frame[columns.id].null_count():
        rows = frame.filter(pl.col(columns.id).is_null())[_ROW].to_list()
        raise DataError(
            f"The id {columns.id!r} is missing in {len(rows):,} rows, the first is row {rows[0] + 2}."
        )
    frame = _ordered(frame, columns, findings)
    matrix = _matrix(frame, features, findings)
    starts, names = _blocks(frame[columns.id])
    labels = _one_each(frame, columns.label, names, starts) if is_labelled else None
    if labels is not None:
        findings += report_words(pl.Series(columns.label, labels, dtype=pl.String), "sequence")
    return Sequences(
        tuple(np.split(matrix, starts[1:])),
        tuple(features),
        names,
        labels,
        _filled(_one_each(frame, columns.group, names, starts), columns.group, names)
        if is_labelled
        else None,
        _filled(_one_each(frame, columns.part, names, starts), columns.part, names) if is_labelled else None,
        tuple(findings),
    )


def _require(frame: pl.DataFrame, names: list[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise ColumnError(
                f"There is no column {name!r}; the columns are {', '.join(map(repr, frame.columns))}."
            )


def _numeric(frame: pl.DataFrame, columns: SequenceColumns) -> tuple[str, ...]:
    rest = [name for name in frame.columns if name not in columns.others]
    found = tuple(name for name in rest if frame[name].dtype.is_numeric() or frame[name].dtype == pl.Boolean)
    if not found:
        raise ColumnError(f"No column is left to be a feature: none of {rest} holds numbers.")
    return found


def _ordered(frame: pl.DataFrame, columns: SequenceColumns, findings: list[Finding]) -> pl.DataFrame:
    """Put the rows of each sequence together and in order; sequences come as they first occur."""
    first = pl.col(_ROW).min().over(columns.id)
    if columns.order is None:
        num_runs = len(frame[columns.id].rle())
        if num_runs > frame[columns.id].n_unique():
            message = (
                "The rows of some sequences do not stand together; they are taken in the order of the table."
            )
            findings.append(Finding("unordered", message, "warning", column=columns.id))
        return frame.sort(first, _ROW)
    twice = frame.filter(pl.struct(columns.id, columns.order).is_duplicated())
    if frame[columns.order].null_count():
        raise DataError(
            f"The order {columns.order!r} is missing in {frame[columns.order].null_count():,} rows."
        )
    if twice.height:
        name, place = twice[0, columns.id], twice[0, columns.order]
        raise DataError(
            f"Two rows of sequence {name!r} have the same {columns.order!r}, {place!r} "
            f"({twice.height:,} such rows); does the id repeat?"
        )
    return frame.sort(first, columns.order)


def _matrix(frame: pl.DataFrame, features: tuple[str, ...], findings: list[Finding]) -> np.ndarray:
    """Return the features, (rows, C), NaN where missing."""
    parts = []
    for name in features:
        column = frame[name]
        if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
            raise ColumnError(f"The feature {name!r} must hold numbers, but it holds {column.dtype}.")
        values = column.cast(pl.Float64).to_numpy().astype(np.float64)
        check_magnitude(values, f"The column {name!r}")
        if np.isinf(values).any():
            message = f"{int(np.isinf(values).sum()):,} infinite values of {name!r} are taken as missing."
            findings.append(Finding("infinite", message, "warning", column=name))
        parts.append(np.where(np.isfinite(values), values, np.nan))
    return np.stack(parts, axis=1)


def _blocks(ids: pl.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return where each sequence begins, and its name."""
    runs = ids.rle_id().to_numpy()
    starts = np.flatnonzero(np.diff(runs, prepend=-1))
    return starts, tuple(str(ids[int(start)]) for start in starts)


def _one_each(frame: pl.DataFrame, name: str | None, ids: tuple[str, ...], starts: np.ndarray) -> Any:
    """Return the one value that a column has in each sequence, as text; None where it has none."""
    if name is None:
        return None
    column = frame[name].cast(pl.String).to_list()
    found: list[str | None] = []
    for at, (start, end) in enumerate(zip(starts, [*starts[1:], len(column)], strict=True)):
        values = {value for value in column[start:end] if value is not None}
        if len(values) > 1:
            shown = " and ".join(map(repr, sorted(values)[:2]))
            raise DataError(f"Sequence {ids[at]!r} has more than one {name!r}: {shown}.")
        found.append(values.pop() if values else None)
    return tuple(found)


def _filled(values: Any, name: str | None, ids: tuple[str, ...]) -> Any:
    if values is not None and None in values:
        missing = [one for one, value in zip(ids, values, strict=True) if value is None]
        count = "1 sequence has" if len(missing) == 1 else f"{len(missing):,} sequences have"
        raise DataError(f"{count} no {name!r}, {missing[0]!r} first; give each one, or leave it out.")
    return values
