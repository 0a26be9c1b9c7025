"""Time stamps that come one by one, each read by itself."""

from __future__ import annotations

from typing import Any

import polars as pl

from elman.data import Columns, Frequency
from elman.data.stamps import read_times
from elman.data.steps import from_local, zone_of
from elman.data.time_formats import ORDERS
from elman.errors import DataError

_MOST_DIGITS = 18  # of a whole number that 64 bits can hold


class StampReader:
    """Reads time stamps one by one, all of the type of the first.

    Args:
        columns: names the time column.
        frequency: the grid of training.
        time_zone: where the series live; see `build_panel`.
        time_format: how the stamps are written; see `build_panel`.
    """

    def __init__(
        self, columns: Columns, frequency: Frequency, time_zone: str | None, time_format: str | None = None
    ):
        self._name, self._frequency, self._zone = columns.time, frequency, time_zone
        self._format, self._is_ordered = time_format, time_format in ORDERS
        self._dtype: pl.DataType | None = None

    def read(self, value: Any, after: pl.Series | None) -> pl.Series:
        """Return a cell as a column of one stamp.

        Args:
            value: the cell.
            after: the stamp of the row before, if there is one. It tells which of the two hours is meant
                that a clock shows twice.

        Raises:
            DataError: the cell is empty or no time stamp, or of another kind than the ones before.
        """
        if value is None or not str(value).strip():
            raise DataError(f"The row has no time stamp in {self._name!r}.")
        stamp = self._placed(self._parsed(value), after)
        if self._dtype is None:
            self._dtype = stamp.dtype
        if stamp.dtype != self._dtype:
            stamp = self._alike(stamp, value)
        return stamp

    def _parsed(self, value: Any) -> pl.Series:
        text = str(value).strip()
        is_whole = text.removeprefix("-").isdecimal() and len(text) <= _MOST_DIGITS
        number = int(text) if is_whole and not isinstance(value, bool) else None
        try:
            stamp = (
                self._said(value, text) if self._format and not self._is_ordered else self._told(text, number)
            )
        except (DataError, OverflowError):
            stamp = None
        if stamp is None:
            raise DataError(f"{self._name!r} must be {self._wanted}, but it is {text!r}.")
        return stamp

    def _said(self, value: Any, text: str) -> pl.Series:
        """Read a stamp in the form that was said; a number of JSON has lost its leading zeros."""
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return read_times(pl.Series(self._name, [value if is_number else text]), self._format)[0]

    def _told(self, text: str, number: int | None) -> pl.Series | None:
        """Read a stamp in a form that is recognised."""
        if self._frequency.unit == "i":
            return None if number is None else pl.Series(self._name, [number])
        if number is None:
            return read_times(pl.Series(self._name, [text]), self._format)[0]
        stamp, _ = read_times(pl.Series(self._name, [number]))  # such as 20241231
        return None if stamp.dtype.is_integer() else stamp

    @property
    def _wanted(self) -> str:
        if self._frequency.unit == "i":
            return "a whole number"
        if self._format and not self._is_ordered:
            return f"a time stamp as {self._format!r} says"
        order = f", {self._format}" if self._format else ", which can be told by itself"
        return f"a time stamp such as 2014-12-31 23:30{order}"

    def _placed(self, stamp: pl.Series, after: pl.Series | None) -> pl.Series:
        if stamp.dtype == pl.Date and self._frequency.is_subdaily:
            stamp = stamp.cast(pl.Datetime("us"))
        if self._zone is None or not isinstance(stamp.dtype, pl.Datetime):
            return stamp
        if zone_of(stamp):
            return stamp.dt.convert_time_zone(self._zone)
        return self._localised(stamp, after, self._zone)

    def _localised(self, local: pl.Series, after: pl.Series | None, zone: str) -> pl.Series:
        if not self._frequency.is_subdaily:
            return from_local(local, zone)
        stamp = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        if stamp.null_count():
            raise DataError(f"{local[0]} does not exist in {zone}, where the clock was set forward.")
        if after is not None and after.dtype == stamp.dtype and stamp[0] <= after[0]:
            return local.dt.replace_time_zone(zone, ambiguous="latest")
        return stamp

    def _alike(self, stamp: pl.Series, value: Any) -> pl.Series:
        """Give a date among time stamps, or a time stamp among dates, the type of the others."""
        if zone_of(stamp) is None and isinstance(self._dtype, pl.Datetime | pl.Date):
            same = stamp.cast(self._dtype) if getattr(self._dtype, "time_zone", None) is None else None
            if same is not None and (same.cast(pl.Datetime("us")) == stamp.cast(pl.Datetime("us"))).all():
                return same
        raise DataError(
            f"{self._name!r} holds {value!r}, which is of another kind than the time stamps before: "
            "either all have an offset from UTC, or none has."
        )
