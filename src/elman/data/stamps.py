"""Time stamps of any kind, as integers, dates or time stamps of polars."""

from __future__ import annotations

import polars as pl

from elman.data.columns import describe_type
from elman.data.findings import Finding
from elman.data.text_stamps import parse_stamps, unreadable
from elman.data.time_formats import EPOCHS, ORDERS, check_time_format, digits_of, likely_epoch, parse_epoch
from elman.errors import ColumnError


def read_times(
    column: pl.Series, time_format: str | None = None, rows: pl.Series | None = None
) -> tuple[pl.Series, list[Finding]]:
    """Return a column of time stamps as Int64, Date or Datetime("us"), and what was odd about it.

    Text with an offset from UTC and counts since 1970 become stamps in UTC; other text has no zone.

    Args:
        column: (T,) integers, dates, time stamps or text, without nulls.
        time_format: how to read text and numbers: as in `strptime`, or "day-first", "month-first",
            "epoch-s", "epoch-ms", "epoch-us", "epoch-ns"; None recognises ISO and common formats.
        rows: (T,) the numbers of the rows, for messages.

    Raises:
        ColumnError: the column is of another type.
        DataError: a value is no time stamp, or day and month cannot be told apart.
        OptionError: `time_format` is no format.
    """
    check_time_format(time_format)
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.cast_time_unit("us"), []
    if column.dtype == pl.Date:
        return column, []
    if not (column.dtype == pl.String or column.dtype.is_numeric()):
        raise ColumnError(
            f"The time column {column.name!r} must hold time stamps, dates, integers or text, "
            f"but it is {describe_type(column.dtype)}."
        )
    if time_format in EPOCHS:
        return _counted(column, time_format, rows), []
    if column.dtype == pl.String:
        return parse_stamps(column, time_format, rows), []
    numbers = _whole(column)
    if time_format is None or time_format in ORDERS:
        return _read_integers(numbers)
    return parse_stamps(numbers.cast(pl.String).str.zfill(digits_of(time_format)), time_format, rows), []


def stamp_texts(stamps: pl.Series, limit: int = 5) -> list[str]:
    """Return the first stamps as short text: "2014-04-06 02:30+11:00"."""
    texts = []
    for stamp in stamps.head(limit).to_list():
        has_time = hasattr(stamp, "hour")
        is_whole = has_time and not (stamp.second or stamp.microsecond)
        texts.append(stamp.isoformat(" ", "minutes" if is_whole else "auto") if has_time else str(stamp))
    return texts


def _counted(column: pl.Series, unit: str, rows: pl.Series | None) -> pl.Series:
    stamps = parse_epoch(column, unit)
    if stamps.null_count():
        raise unreadable(column, column.filter(stamps.is_null())[0], unit, rows)
    return stamps


def _whole(column: pl.Series) -> pl.Series:
    numbers = column.cast(pl.Int64, strict=False)
    if numbers.null_count() or not (numbers == column).all():
        raise ColumnError(
            f"The time column {column.name!r} holds fractions; integers, dates or time stamps can be steps."
        )
    return numbers


def _read_integers(numbers: pl.Series) -> tuple[pl.Series, list[Finding]]:
    if _look_like_dates(numbers):
        dates = numbers.cast(pl.String).str.to_date("%Y%m%d", strict=False)
        message = f"Numbers such as {numbers[0]} in {numbers.name!r} are read as dates."
        return dates, [Finding("time", message, column=numbers.name)]
    unit = likely_epoch(numbers)
    if unit is None:
        return numbers, []
    message = (
        f"{numbers.name!r} looks like time since 1970 and is taken as plain integers, without calendar "
        f"features; time_format={unit!r} (--time-format {unit}) reads it as time stamps."
    )
    return numbers, [Finding("time", message, "warning", column=numbers.name)]


def _look_like_dates(numbers: pl.Series) -> bool:
    if not numbers.is_between(19_000_101, 21_001_231).all():
        return False
    return numbers.cast(pl.String).str.to_date("%Y%m%d", strict=False).null_count() == 0
