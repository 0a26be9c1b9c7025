"""Time stamps written as text: ISO 8601 and the formats that exports of other programs use."""

from __future__ import annotations

import polars as pl

from elman.data.steps import MICROSECONDS
from elman.data.time_formats import ORDERS, parse_format
from elman.errors import DataError

_MONTHS = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_IN_DOUBT = r"^\d{1,2}-\d{1,2}-\d{4}$"  # 03-04-2014 can be two dates
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
    (_IN_DOUBT, "day and month"),
)
_PARTS = (
    r"^(?<date>.*?)(?:(?:T|\s+)(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2}(?:[.,]\d+)?))?"
    r"\s*(?<half>[AaPp][Mm])?\s*(?<zone>Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$"
)


def parse_stamps(
    column: pl.Series, time_format: str | None = None, rows: pl.Series | None = None
) -> pl.Series:
    """Return text as dates, as stamps without zone, or, if it carries offsets from UTC, as stamps in UTC.

    Args:
        column: (T,) text without nulls.
        time_format: how to read it, as in `strptime`, or one of `ORDERS`; None recognises ISO and common
            formats.
        rows: (T,) the numbers of the rows, for messages.

    Raises:
        DataError: a text is no time stamp, or day and month cannot be told apart.
    """
    # Series of a panel share their stamps, so each distinct text is parsed once.
    distinct = column.unique(maintain_order=True)
    if time_format is None or time_format in ORDERS:
        stamps = _recognised(distinct, time_format)
    else:
        stamps = parse_format(distinct, time_format)
    if stamps.null_count():
        raise unreadable(column, distinct.filter(stamps.is_null())[0], time_format, rows)
    if len(distinct) == len(column):
        return stamps.alias(column.name)
    return column.replace_strict(distinct, stamps, return_dtype=stamps.dtype)


def day_month_order(column: pl.Series) -> str | None:
    """Return which of `ORDERS` the dates of a readable column have; None where they leave no doubt.

    Args:
        column: (T,) time stamps of any kind, without nulls.
    """
    if column.dtype != pl.String or not _is_in_doubt(_date_parts(column.head(1))):
        return None
    texts = _date_parts(column.unique(maintain_order=True))
    return None if _has_dots(texts) else _order(_plain(texts))


def _date_parts(texts: pl.Series) -> pl.Series:
    return texts.str.strip_chars().str.extract_groups(_PARTS).struct["date"]


def _is_in_doubt(texts: pl.Series) -> bool:
    return bool(_plain(texts).str.contains(_IN_DOUBT).fill_null(value=False).all())


def unreadable(
    column: pl.Series, value: object, time_format: str | None, rows: pl.Series | None
) -> DataError:
    """Return the error of a value that is no time stamp; it names the first row with it.

    Args:
        column: (T,) that holds it.
        value: a cell.
        time_format: how it was to be read.
        rows: (T,) the numbers of the rows.
    """
    where = "" if rows is None else f" in row {rows.filter(column == value)[0]:,}"
    if time_format is None:
        expected = (
            "that can be recognised, such as 2014-12-31 23:30; write all in that form, or say how they are "
            "written: time_format='%d.%m.%y %H:%M' (--time-format)."
        )
    else:
        is_order = time_format in ORDERS
        how = (
            f"with the {time_format.removesuffix('-first')} first" if is_order else f"as {time_format!r} says"
        )
        expected = f"{how}; correct it, or say how they are written: time_format= (--time-format)."
    return DataError(
        f"The time column {column.name!r} holds {value!r}{where}, which is no time stamp {expected}"
    )


def _recognised(texts: pl.Series, order: str | None) -> pl.Series:
    parts = texts.str.strip_chars().str.extract_groups(_PARTS).struct.unnest()
    dates = _dates(parts["date"], order)
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


def _dates(texts: pl.Series, order: str | None) -> pl.Series:
    """Return dates; null where a text does not match the pattern of the first."""
    plain = _plain(texts)
    for pattern, form in _DATE_FORMATS:
        if plain.head(1).str.contains(pattern).all():
            plain = plain.set(~plain.str.contains(pattern), None)
            if pattern == _IN_DOUBT:
                known = order or ("day-first" if _has_dots(texts) else _order(plain))
                return _in_form(plain, ORDERS[known])
            return _in_form(plain, form)
    return pl.Series(texts.name, [None] * len(texts), dtype=pl.Date)


def _plain(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"[/.]", "-")


def _has_dots(texts: pl.Series) -> bool:
    """Return whether dates are written with points, as where the day comes first."""
    return bool(texts.str.contains(".", literal=True).all())


def _in_form(texts: pl.Series, form: str) -> pl.Series:
    if form == "quarter":
        first_months = (texts.str.slice(-1).cast(pl.Int64) * 3 - 2).cast(pl.String)
        return (texts.str.slice(0, 4) + "-" + first_months + "-1").str.to_date("%Y-%m-%d", strict=False)
    if form == "week":
        weeks = texts.str.replace(" ", "-").str.replace(r"W(\d)$", "W0$1")
        return (weeks + "-1").str.to_date("%G-W%V-%u", strict=False)
    if "%d" not in form:
        texts, form = texts + "-1", form + "-%d"
    return texts.str.replace_all(" ", "-", literal=True).str.to_date(form, strict=False)


def _order(texts: pl.Series) -> str:
    """Tell 31-12-2014 from 12-31-2014 by a number that can only be a day.

    Raises:
        DataError: no number can, or some say one thing and some the other.
    """
    texts = texts.drop_nulls()
    numbers = texts.str.extract_groups(r"^(\d{1,2})-(\d{1,2})-").struct.unnest()
    with_day_first, with_month_first = (
        texts.filter(numbers.to_series(at).cast(pl.Int64) > 12).str.replace_all("-", "/") for at in (0, 1)
    )
    if len(with_day_first) and len(with_month_first):
        raise DataError(
            f"Some dates begin with the day, such as {with_day_first[0]!r}, and some with the month, such as "
            f"{with_month_first[0]!r}; write all in one way."
        )
    if len(with_day_first):
        return "day-first"
    if len(with_month_first):
        return "month-first"
    raise DataError(
        f"Dates such as {texts[0].replace('-', '/')!r} can be day/month or month/day, and no other date here "
        "tells which; say it: time_format='day-first' or 'month-first' (--time-format)."
    )
