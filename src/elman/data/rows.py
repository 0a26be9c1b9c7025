"""The rows of a table: which are used, in what order, and from where to where."""

from __future__ import annotations

import re

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.stamps import stamp_texts
from elman.data.wording import count, listed, was
from elman.errors import DataError

SERIES = "__series__"  # an Enum in natural order, so that sorting by it is sorting by H1, H2, H10
ROW = "__row__"  # the row's number in the table, from 1, for messages


def select_rows(frame: pl.DataFrame, columns: Columns, findings: list[Finding]) -> pl.DataFrame:
    """Take the columns in use, number the rows, name the series, and drop blank rows.

    Blank text is null from here on.

    Raises:
        DataError: a row that is not blank has no time stamp or no series.
    """
    text = pl.col(pl.String).str.strip_chars()
    used = frame.select(columns.names).with_columns(pl.when(text != "").then(text).name.keep())
    is_blank = used.select(pl.all_horizontal(pl.all().is_null())).to_series()
    rows = used.with_columns(_series_names(used, columns), pl.int_range(1, used.height + 1).alias(ROW))
    rows = rows.filter(~is_blank)
    num_blank = int(is_blank.sum())
    if num_blank:
        message = f"{count(num_blank, 'row')} without any value {was(num_blank)} left out."
        findings.append(Finding("blank", message))
    _check_present(rows, columns.time, "time stamp")
    if columns.series is not None:
        _check_present(rows, columns.series, "series")
    return rows.select(SERIES, ROW, *(name for name in columns.names if name != columns.series))


def order_rows(rows: pl.DataFrame, columns: Columns, findings: list[Finding]) -> pl.DataFrame:
    """Sort by series and time."""
    grouped = rows.sort(SERIES, maintain_order=True)
    time = pl.col(columns.time)
    late = grouped.filter(has_row_before(), time < time.shift())
    if late.height:
        findings.append(_unordered(late, columns))
        grouped = rows.sort(SERIES, columns.time, maintain_order=True)
    return grouped


def has_row_before() -> pl.Expr:
    """Return the expression that tells whether the row above is of the same series."""
    place = pl.col(SERIES).to_physical()
    return place == place.shift()


def series_in(rows: pl.DataFrame, columns: Columns) -> list[str]:
    """Return the names of the series that occur in rows; none if the table holds one series only."""
    if columns.series is None:
        return []
    return rows[SERIES].unique(maintain_order=True).cast(pl.String).to_list()


def _series_names(used: pl.DataFrame, columns: Columns) -> pl.Series:
    if columns.series is None:
        return pl.repeat("", used.height, eager=True, dtype=pl.Enum([""])).alias(SERIES)
    names = used[columns.series].cast(pl.String)
    return names.cast(pl.Enum(sorted(names.drop_nulls().unique(), key=_natural))).alias(SERIES)


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts H2 before H10."""
    pieces = re.split(r"(\d+)", name)
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces], name


def _check_present(rows: pl.DataFrame, name: str, what: str) -> None:
    absent = rows.filter(pl.col(name).is_null())
    if absent.height:
        have = "has" if absent.height == 1 else "have"
        numbers = listed([f"{row:,}" for row in absent[ROW].head(6)])
        raise DataError(f"{count(absent.height, 'row')} {have} no {what} in {name!r}: row {numbers}.")


def _unordered(late: pl.DataFrame, columns: Columns) -> Finding:
    examples = stamp_texts(late[columns.time])
    message = (
        f"{count(late.height, 'row')} stood before an earlier time stamp of the same series, the first in "
        f"row {late[ROW][0]:,} ({examples[0]}); all rows were sorted by time."
    )
    return Finding("unordered", message, column=columns.time, examples=examples)
