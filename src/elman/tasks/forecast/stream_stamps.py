"""Time stamps that come one by one, each read by itself."""

from __future__ import annotations

from typing import Any

import polars as pl

from elman.data import Columns, Frequency
from elman.data.stamps import read_times
from elman.data.steps import from_local, zone_of
from elman.errors import DataError

_MOST_DIGITS = 18  # of a whole number that 64 bits can hold


class StampReader:
    """Reads time stamps one by one, all of the type of the first.

    Args:
        columns: names the time column.
        frequency: the grid of training.
        time_zone: where the series live; see `build_panel`.
    """

    def __init__(self, columns: Columns, frequency: Frequency, time_zone: str | None):
        self._name, self._frequency, self._zone = columns.time, frequency, time_zone
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
        number = int(text) if is_whole else None
        try:
            if (number is not None) == (self._frequency.unit == "i") and not isinstance(value, bool):
                stamp = pl.Series(self._name, [text if number is None else number])
                return stamp if number is not None else read_times(stamp)[0]
            if number is not None:  # such as 20241231
                stamp, _ = read_times(pl.Series(self._name, [number]))
                if not stamp.dtype.is_integer():
                    return stamp
        except (DataError, OverflowError):
            pass
        wanted = "a whole number" if self._frequency.unit == "i" else "a time stamp such as 2014-12-31 23:30"
        raise DataError(f"{self._name!r} must be {wanted}, which can be told by itself, but it is {text!r}.")

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
