"""From which row to which a series is of use."""

from __future__ import annotations

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.rows import SERIES, series_in
from elman.data.wording import count, listed, only, was
from elman.errors import DataError


def trim_rows(rows: pl.DataFrame, columns: Columns, findings: list[Finding]) -> pl.DataFrame:
    """Let each series begin at its first observed target, and end with its last known value.

    Later rows with known covariates stay: they are the future that a forecast is asked for.

    Raises:
        DataError: no series has an observed target.
    """
    rows = _drop_unobserved(rows, columns, findings)
    place = pl.int_range(pl.len())
    has_target = pl.col(columns.target).is_not_null()
    has_known = pl.any_horizontal(pl.col(name).is_not_null() for name in (columns.target, *columns.known))
    marked = rows.select(
        (place < place.filter(has_target).min()).over(SERIES).alias("before"),
        (place > place.filter(has_known).max()).over(SERIES).alias("after"),
    )
    _report(marked, columns, findings)
    return rows.filter(~(marked["before"] | marked["after"]))


def _drop_unobserved(rows: pl.DataFrame, columns: Columns, findings: list[Finding]) -> pl.DataFrame:
    is_empty = rows.select(pl.col(columns.target).is_null().all().over(SERIES)).to_series()
    if is_empty.all():
        raise DataError(f"The target {columns.target!r} has no observed value.")
    if not is_empty.any():
        return rows
    names = series_in(rows.filter(is_empty), columns)
    message = f"{len(names):,} series without any observed target left out: {listed(names)}."
    findings.append(Finding("empty", message, "warning", columns.target, only(names), names[:5]))
    return rows.filter(~is_empty)


def _report(marked: pl.DataFrame, columns: Columns, findings: list[Finding]) -> None:
    for where, words in (
        ("before", "before the first observed target of their series"),
        ("after", "after the last observed target of their series, without known covariates,"),
    ):
        num_rows = int(marked[where].sum())
        if num_rows:
            message = f"{count(num_rows, 'row')} {words} {was(num_rows)} left out."
            findings.append(Finding("trimmed", message, column=columns.target))
