"""The values of target and covariates: one type a kind, and null wherever nothing was observed."""

from __future__ import annotations

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.magnitude import check_magnitude


def clean_values(rows: pl.DataFrame, columns: Columns, findings: list[Finding]) -> pl.DataFrame:
    """Give numbers as Float64, categories as text; NaN and infinity become null.

    Raises:
        DataError: a number is too large to compute with.
    """
    target = _finite(rows[columns.target].cast(pl.Float64), findings)
    cleaned = [_clean(rows[name], findings) for name in columns.covariates]
    return rows.with_columns(target, *cleaned)


def _clean(column: pl.Series, findings: list[Finding]) -> pl.Series:
    if column.dtype == pl.Boolean:
        return column
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return _finite(column.cast(pl.Float64), findings)
    return column.cast(pl.String)


def _finite(column: pl.Series, findings: list[Finding]) -> pl.Series:
    check_magnitude(column.fill_null(0).to_numpy(), f"The column {column.name!r}")
    num_infinite = int(column.is_infinite().sum())
    if num_infinite:
        message = f"{num_infinite:,} infinite values of {column.name!r} are taken as missing."
        findings.append(Finding("infinite", message, "warning", column=column.name))
    return column.set(~column.is_finite(), None)
