"""Tables that are already in memory, as polars frames, without importing other libraries."""

from __future__ import annotations

import sys
from typing import Any

import polars as pl

from elman.errors import DataError


def to_polars(source: Any) -> pl.DataFrame:
    """Return a polars, pandas or Arrow table as a polars frame.

    Raises:
        DataError: `source` is none of these, or has two columns of one name.
    """
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if isinstance(source, pl.DataFrame):
        return source
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return _from_pandas(source, pandas)
    if hasattr(source, "__arrow_c_stream__") and hasattr(source, "schema"):
        return _from_arrow(source)
    raise DataError(
        "A table must be a path, or a data frame of polars, pandas or Arrow, "
        f"but it is of type {type(source).__module__}.{type(source).__qualname__}."
    )


def _from_arrow(table: Any) -> pl.DataFrame:
    check_unique_names(list(table.schema.names), "The table")
    return pl.DataFrame(table)


def _from_pandas(table: Any, pandas: Any) -> pl.DataFrame:
    table = _with_index(table, pandas)
    if table.columns.nlevels > 1:
        raise DataError("The table has columns of several levels; flatten them to one name each first.")
    names = [str(name) for name in table.columns]
    check_unique_names(names, "The table")
    columns = [_column(name, table.iloc[:, at], pandas) for at, name in enumerate(names)]
    return pl.DataFrame(columns)


def _with_index(table: Any, pandas: Any) -> Any:
    """Turn an index that says something (a name, time stamps) into columns; drop a mere numbering."""
    index = table.index
    holds_times = isinstance(index, pandas.DatetimeIndex | pandas.PeriodIndex)
    if any(name is not None for name in index.names) or holds_times:
        return table.reset_index()
    return table.reset_index(drop=True)


def _column(name: str, column: Any, pandas: Any) -> pl.Series:
    if isinstance(column.dtype, pandas.PeriodDtype):
        column = column.dt.to_timestamp()
    if isinstance(column.dtype, pandas.DatetimeTZDtype):
        return _zoned(name, column)
    if column.dtype.kind in "fM" and hasattr(column.dtype, "isnative"):
        return pl.Series(name, column.to_numpy(), nan_to_null=True)
    if column.dtype.kind in "iub" and hasattr(column.dtype, "isnative"):
        return pl.Series(name, column.to_numpy())
    missing = column.isna().to_numpy()
    values = [None if gone else value for value, gone in zip(column.tolist(), missing, strict=True)]
    return _from_objects(name, values)


def _zoned(name: str, column: Any) -> pl.Series:
    absolute = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    series = pl.Series(name, absolute, nan_to_null=True).dt.replace_time_zone("UTC")
    try:
        return series.dt.convert_time_zone(str(column.dt.tz))
    except pl.exceptions.PolarsError:  # a fixed offset such as UTC+01:00 has no zone name
        return series


def _from_objects(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        pass
    if all(isinstance(value, int | float | None) for value in values):
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    kinds = sorted({type(value).__name__ for value in values if value is not None})
    raise DataError(f"Column {name!r} mixes values of types {', '.join(kinds)}; convert it to one type.")


def check_unique_names(names: list[str], where: str) -> None:
    """Raise a `DataError` that names the first column name that occurs twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{where} has {names.count(name)} columns named {name!r}; rename all but one.")
        seen.add(name)
