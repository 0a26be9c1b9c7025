"""Time stamps of any kind, as integers, dates or time stamps of polars."""

from __future__ import annotations

import polars as pl

from elman.data.columns import describe_type
from elman.data.findings import Finding
from elman.data.text_stamps import parse_stamps
from elman.errors import ColumnError


def read_times(column: pl.Series, time_format: str | None = None) -> tuple[pl.Series, list[Finding]]:
    """Return a column of time stamps as Int64, Date or Datetime("us"), and what was odd about it.

    Text with an offset from UTC becomes stamps in UTC; text without stays without a zone.

    Args:
        column: (T,) integers, dates, time stamps or text, without nulls.
        time_format: how to read text, as in `strptime`; None recognises ISO and common formats.

    Raises:
        ColumnError: the column is of another type.
        DataError: text is no time stamp, or day and month cannot be told apart.
    """
    if column.dtype == pl.String:
        return parse_stamps(column, time_format), []
    if column.dtype.is_numeric():
        return _read_integers(column)
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.cast_time_unit("us"), []
    if column.dtype == pl.Date:
        return column, []
    raise ColumnError(
        f"The time column {column.name!r} must hold time stamps, dates, integers or text, "
        f"but it is {describe_type(column.dtype)}."
    )


def stamp_texts(stamps: pl.Series, limit: int = 5) -> list[str]:
    """Return the first stamps as short text: "2014-04-06 02:30+11:00"."""
    texts = []
    for stamp in stamps.head(limit).to_list():
        has_time = hasattr(stamp, "hour")
        is_whole = has_time and not (stamp.second or stamp.microsecond)
        texts.append(stamp.isoformat(" ", "minutes" if is_whole else "auto") if has_time else str(stamp))
    return texts


def _read_integers(column: pl.Series) -> tuple[pl.Series, list[Finding]]:
    numbers = column.cast(pl.Int64, strict=False)
    if numbers.null_count() or not (numbers == column).all():
        raise ColumnError(
            f"The time column {column.name!r} holds fractions; integers, dates or time stamps can be steps."
        )
    if _look_like_dates(numbers):
        dates = numbers.cast(pl.String).str.to_date("%Y%m%d", strict=False)
        message = f"Numbers such as {numbers[0]} in {column.name!r} are read as dates."
        return dates, [Finding("time", message, column=column.name)]
    if numbers.min() >= 10**9 and numbers.max() < 2 * 10**13:  # pyright: ignore[reportOptionalOperand, reportOperatorIssue]
        message = (
            f"{column.name!r} looks like seconds or milliseconds since 1970 and is taken as plain integers, "
            "without calendar features; convert it to time stamps to have them."
        )
        return numbers, [Finding("time", message, "warning", column=column.name)]
    return numbers, []


def _look_like_dates(numbers: pl.Series) -> bool:
    if not numbers.is_between(19_000_101, 21_001_231).all():
        return False
    return numbers.cast(pl.String).str.to_date("%Y%m%d", strict=False).null_count() == 0
