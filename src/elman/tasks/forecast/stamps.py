"""Time stamps that a person gives, as the column of a table holds them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl

from elman.errors import OptionError


def as_stamp(given: Any, times: pl.Series) -> pl.Series:
    """Return a given time stamp as a series of one, of the type of `times`.

    A date among time stamps is its midnight; a stamp without a zone is the local time of zoned ones, the
    earlier if there are two.

    Raises:
        OptionError: it is of another kind than `times`, or a local time that does not exist.
    """
    dtype = times.dtype
    if isinstance(dtype, pl.Datetime):
        stamp = _as_moment(given, dtype.time_zone)
    elif dtype == pl.Date:
        stamp = pl.Series([given]) if isinstance(given, date) and not isinstance(given, datetime) else None
    else:
        is_whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
        stamp = pl.Series([int(given)]) if is_whole else None
    if stamp is None:
        raise OptionError(f"`origins` must be time stamps like {times[0]!r}, but it holds {given!r}.")
    return stamp.cast(dtype)


def _as_moment(given: Any, zone: str | None) -> pl.Series | None:
    if not isinstance(given, date):
        return None
    moment = given if isinstance(given, datetime) else datetime(given.year, given.month, given.day)
    if moment.tzinfo is not None:
        return None if zone is None else pl.Series([moment]).dt.convert_time_zone(zone)
    if zone is None:
        return pl.Series([moment])
    stamp = pl.Series([moment]).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return None if stamp[0] is None else stamp
