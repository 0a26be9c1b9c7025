"""Time stamps whose form was said: as in `strptime`, an order of day and month, or a count since 1970."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from difflib import get_close_matches

import polars as pl

from elman.errors import OptionError

ORDERS = {"day-first": "%d-%m-%Y", "month-first": "%m-%d-%Y"}
"""Word -> the order it names, of dates whose parts are recognised."""
EPOCHS = {"epoch-s": 10**6, "epoch-ms": 10**3, "epoch-us": 1, "epoch-ns": -(10**3)}
"""Word -> microseconds in the unit since 1970; below zero, units in a microsecond."""

_CLOCK = re.compile(r"%-?[HIklMSTRrXcs+]")
_HOUR, _MINUTE = re.compile(r"%-?[HIkl]"), re.compile(r"%-?[MTRrXc+]")
_FRACTION = re.compile(r"\.%f")
_SAMPLE = datetime(2024, 10, 31, 15, 16, 17, tzinfo=UTC)
# The years that a count since 1970 may mean; in another unit it would be thousands of years away.
_EARLIEST, _LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 10**6 for year in (1800, 2300))


def check_time_format(time_format: str | None) -> None:
    """Refuse what says of no time stamp how it is written.

    Raises:
        OptionError: it is none of the words, and no format of `strptime` with a whole date.
    """
    if time_format is None or time_format in ORDERS or time_format in EPOCHS:
        return
    words = (*ORDERS, *EPOCHS)
    if not isinstance(time_format, str) or "%" not in time_format:
        close = get_close_matches(str(time_format).casefold(), words, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise OptionError(
            f"`time_format` must be a format such as '%d/%m/%Y %H:%M', or one of "
            f"{', '.join(map(repr, words))}, but it is {time_format!r}.{hint}"
        )
    try:
        sample = pl.Series([_SAMPLE if "%z" in time_format else _SAMPLE.replace(tzinfo=None)])
        read = parse_format(sample.dt.to_string(_for_polars(time_format)), time_format)
    except pl.exceptions.PolarsError as error:
        raise OptionError(f"`time_format` cannot be used, it is {time_format!r}.") from error
    if not _is_whole_date(read[0]):
        raise OptionError(
            f"`time_format` must name a whole date, such as '%d/%m/%Y %H:%M', but it is {time_format!r}."
        )


def _is_whole_date(read: date | None) -> bool:
    """Return whether the sample was read back; a format may leave out the day, or day and month."""
    if read is None or read.year != _SAMPLE.year:
        return False
    return read.day == 1 or (read.month, read.day) == (_SAMPLE.month, _SAMPLE.day)


def parse_format(texts: pl.Series, time_format: str) -> pl.Series:
    """Return texts as dates or, given a time of day, as time stamps; null where the format does not fit.

    Args:
        texts: (T,) text.
        time_format: as in `strptime`; minutes may be left out after hours.
    """
    form = _for_polars(time_format)
    if _HOUR.search(form) and not _MINUTE.search(form):
        texts, form = texts + " 00", form + " %M"
    dtype = pl.Datetime("us") if _CLOCK.search(form) else pl.Date
    return texts.str.strptime(dtype, form, strict=False)


def parse_epoch(column: pl.Series, unit: str) -> pl.Series:
    """Return counts since 1970 as time stamps in UTC; null where one is no number or centuries away.

    Args:
        column: (T,) numbers, or numbers as text.
        unit: one of `EPOCHS`.
    """
    factor = EPOCHS[unit]
    whole, fractions = column.cast(pl.Int64, strict=False), column.cast(pl.Float64, strict=False)
    # Whole numbers never become floats, which nanoseconds since 1970 do not fit into.
    is_whole = (whole == fractions).fill_null(value=False)
    most = min(_LATEST // factor if factor > 0 else _LATEST * -factor, 2**63 - 1)
    whole = whole.set(~whole.is_between(-most, most), None)
    counted = whole * factor if factor > 0 else whole // -factor
    scaled = fractions * (factor if factor > 0 else -1 / factor)
    scaled = scaled.set(~scaled.is_between(_EARLIEST, _LATEST), None).round().cast(pl.Int64)
    micros = counted.zip_with(is_whole, scaled)
    micros = micros.set(~micros.is_between(_EARLIEST, _LATEST), None)
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias(column.name)


def likely_epoch(numbers: pl.Series) -> str | None:
    """Return the unit in which whole numbers are stamps of 2001 to 2286; None if they are in none."""
    least, most = numbers.min(), numbers.max()
    for unit, exponent in (("epoch-s", 9), ("epoch-ms", 12), ("epoch-us", 15), ("epoch-ns", 18)):
        if least >= 10**exponent and most < 10 ** (exponent + 1):  # pyright: ignore[reportOptionalOperand, reportOperatorIssue]
            return unit
    return None


def digits_of(time_format: str) -> int:
    """Return how many characters a stamp in a format has, so that lost leading zeros can be put back."""
    sample = pl.Series([_SAMPLE if "%z" in time_format else _SAMPLE.replace(tzinfo=None)])
    return len(sample.dt.to_string(_for_polars(time_format))[0])


def _for_polars(time_format: str) -> str:
    """Write the microseconds of Python's `strptime` as polars does."""
    return _FRACTION.sub("%.f", time_format)
