"""Time stamps written as text: ISO 8601 and the formats that exports of other programs use."""

from __future__ import annotations

import polars as pl

from elman.data.steps import MICROSECONDS
from elman.errors import DataError, OptionError

_MONTHS = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
# pattern of the date -> its format, once "/" and "." are written as "-"
_DATE_FORMATS = (
    (r"^\d{4}-\d{1,2}-\d{1,2}$", "%Y-%m-%d"),
    (r"^\d{8}$", "%Y%m%d"),
    (r"^\d{4}-\d{1,2}$", "%Y-%m"),
    (rf"^\d{{4}}[ -]{_MONTHS}$", "%Y-%b"),
    (rf"^{_MONTHS}[ -]\d{{4}}$", "%b-%Y"),
    (rf"^\d{{1,2}}[ -]{_MONTHS}[ -]\d{{4}}$", "%d-%b-%Y"),
    (r"^\d{4}[ -]?Q[1-4]$", "quarter"),
    (r"^\d{4}[ -]W\d{1,2}$", "week"),
    (r"^\d{1,2}-\d{1,2}-\d{4}$", "day and month"),
)
_PARTS = (
    r"^(?<date>.*?)(?:(?:T|\s+)(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2}(?:[.,]\d+)?))?"
    r"\s*(?<half>[AaPp][Mm])?\s*(?<zone>Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$"
)


def parse_stamps(column: pl.Series, time_format: str | None = None) -> pl.Series:
    """Return text as dates, as stamps without zone, or, if it carries offsets from UTC, as stamps in UTC.

    Args:
        column: (T,) text without nulls.
        time_format: how to read it, as in `strptime`; None recognises ISO and common formats.

    Raises:
        DataError: a text is no time stamp, or day and month cannot be told apart.
        OptionError: `time_format` is no format.
    """
    # Series of a panel share their stamps, so each distinct text is parsed once.
    distinct = column.unique(maintain_order=True)
    stamps = _with_format(distinct, time_format) if time_format else _recognised(distinct)
    if stamps.null_count():
        raise _unreadable(column, distinct.filter(stamps.is_null())[0], time_format)
    if len(distinct) == len(column):
        return stamps.alias(column.name)
    return column.replace_strict(distinct, stamps, return_dtype=stamps.dtype)


def _unreadable(column: pl.Series, text: str, time_format: str | None) -> DataError:
    expected = (
        f"in the format {time_format!r}; pass another time_format=, such as '%d.%m.%Y %H:%M'."
        if time_format
        else "that can be recognised, such as 2014-12-31 23:30; write all in that form, or pass a column of "
        "time stamps."
    )
    return DataError(f"The time column {column.name!r} holds {text!r}, which is no time stamp {expected}")


def _with_format(texts: pl.Series, time_format: str) -> pl.Series:
    has_time = any(mark in time_format for mark in ("%H", "%I", "%M", "%S", "%T", "%R", "%s"))
    try:
        return texts.str.strptime(pl.Datetime("us") if has_time else pl.Date, time_format, strict=False)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise OptionError(f"time_format={time_format!r} cannot be used: {reason}") from error


def _recognised(texts: pl.Series) -> pl.Series:
    parts = texts.str.strip_chars().str.extract_groups(_PARTS).struct.unnest()
    dates = _dates(parts["date"])
    if parts["hour"].null_count() == len(parts):
        return dates
    stamps = parts.with_columns(dates.alias("date")).select(_clock_time().alias("time"), "zone")
    num_zones = len(parts) - parts["zone"].null_count()
    if num_zones == 0:
        return stamps["time"]
    if num_zones < len(parts):
        example = texts.filter(parts["zone"].is_null())[0]
        raise DataError(f"Some time stamps carry an offset from UTC and some do not, such as {example!r}.")
    return stamps.select(pl.col("time") - _offset()).to_series().dt.replace_time_zone("UTC")


def _clock_time() -> pl.Expr:
    hour = pl.col("hour").cast(pl.Int64)
    half = pl.col("half").str.to_lowercase()
    hour = (
        pl.when(half.is_null()).then(hour).otherwise(hour % 12 + pl.when(half == "pm").then(12).otherwise(0))
    )
    second = pl.col("second").str.replace(",", ".", literal=True).cast(pl.Float64).fill_null(0)
    minute = pl.col("minute").cast(pl.Int64).fill_null(0)
    micros = (hour.fill_null(0) * 60 + minute) * MICROSECONDS["m"] + (second * 1e6).round().cast(pl.Int64)
    is_legal = (hour.fill_null(0) * 60 + minute <= 24 * 60) & (minute < 60) & (second < 60)
    stamp = pl.col("date").cast(pl.Datetime("us")) + micros.cast(pl.Duration("us"))
    return pl.when(is_legal).then(stamp)


def _offset() -> pl.Expr:
    digits = pl.col("zone").str.replace_all(r"[^\d]", "").str.pad_end(4, "0")
    minutes = digits.str.slice(0, 2).cast(pl.Int64) * 60 + digits.str.slice(2, 2).cast(pl.Int64)
    sign = pl.when(pl.col("zone").str.starts_with("-")).then(-1).otherwise(1)
    has_offset = pl.col("zone").str.contains(r"^[+-]")
    minutes = pl.when(has_offset).then(minutes * sign).otherwise(0)
    return (minutes * MICROSECONDS["m"]).cast(pl.Duration("us"))


def _dates(texts: pl.Series) -> pl.Series:
    """Return dates; null where a text does not match the pattern of the first."""
    plain = texts.str.replace_all(r"[/.]", "-")
    for pattern, form in _DATE_FORMATS:
        if plain.head(1).str.contains(pattern).all():
            plain = plain.set(~plain.str.contains(pattern), None)
            return _in_form(plain, form, has_dots=bool(texts.str.contains(".", literal=True).all()))
    return pl.Series(texts.name, [None] * len(texts), dtype=pl.Date)


def _in_form(texts: pl.Series, form: str, *, has_dots: bool) -> pl.Series:
    if form == "quarter":
        first_months = (texts.str.slice(-1).cast(pl.Int64) * 3 - 2).cast(pl.String)
        return (texts.str.slice(0, 4) + "-" + first_months + "-1").str.to_date("%Y-%m-%d", strict=False)
    if form == "week":
        weeks = texts.str.replace(" ", "-").str.replace(r"W(\d)$", "W0$1")
        return (weeks + "-1").str.to_date("%G-W%V-%u", strict=False)
    if form == "day and month":
        form = "%d-%m-%Y" if has_dots else _day_month_order(texts)
    if "%d" not in form:
        texts, form = texts + "-1", form + "-%d"
    return texts.str.replace_all(" ", "-", literal=True).str.to_date(form, strict=False)


def _day_month_order(texts: pl.Series) -> str:
    """Tell 31/12/2014 from 12/31/2014 by a number that can only be a day."""
    numbers = texts.drop_nulls().str.extract_groups(r"^(\d{1,2})-(\d{1,2})-").struct.unnest()
    first, second = (numbers.to_series(at).cast(pl.Int64).max() for at in (0, 1))
    if first > 12 and second <= 12:  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
        return "%d-%m-%Y"
    if second > 12 and first <= 12:  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
        return "%m-%d-%Y"
    raise DataError(
        f"Dates such as {texts.drop_nulls()[0].replace('-', '/')!r} can be day/month or month/day; "
        "write them with the year first, such as 2014-12-31, or pass a column of dates."
    )
