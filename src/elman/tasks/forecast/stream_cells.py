"""The cells of one row, each read by itself: its kind is that of training, not that of its neighbours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from elman.data import Columns, Frequency
from elman.data.coerce import MISSING
from elman.data.encoders import BooleanEncoder, NumberEncoder
from elman.data.stamps import read_times
from elman.data.steps import from_local, zone_of
from elman.errors import DataError
from elman.tasks.forecast.arrays import InputEncoder
from elman.tasks.forecast.stream_buffer import Row

_MOST_DIGITS = 18  # of a whole number that 64 bits can hold


class CellReader:
    """Reads the target, the covariates and the series of a row; cells may be text or values of JSON.

    Args:
        encoder: says of what kind the covariates are.
        names: of the series of training.
    """

    def __init__(self, encoder: InputEncoder, names: tuple[str | None, ...]):
        self._columns, self._names = encoder.columns, names
        kinds = {
            one.name: one for part in (encoder.known, encoder.past) for one in (*part.numeric, *part.text)
        }
        self.schema: dict[str, type[pl.DataType]] = {self._columns.target: pl.Float64}
        self.schema |= {name: _type_of(kinds[name]) for name in self._columns.covariates}

    def row(self, cells: Mapping[str, Any]) -> Row:
        """Return the target and the covariates; None where a cell is empty.

        Raises:
            DataError: a cell is of another kind than in training.
        """
        target = self._columns.target
        covariates = [_READERS[self.schema[name]](cells.get(name), name) for name in self._columns.covariates]
        return (_number(cells.get(target), target, or_boolean=True), *covariates)

    def series(self, cells: Mapping[str, Any]) -> str | None:
        """Return the name of the row's series.

        Raises:
            DataError: it has none.
        """
        column = self._columns.series
        if column is None:
            return None
        value = cells.get(column)
        name = "" if value is None else str(value).strip()
        if not name:
            raise DataError(f"The row has no series in {column!r}.")
        if isinstance(value, bool):
            return name.lower()
        # A column of numbers, written with leading zeros here and there.
        plain = str(int(name)) if name.isdecimal() else name
        return plain if plain in self._names and name not in self._names else name


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


def _type_of(encoder: Any) -> type[pl.DataType]:
    if isinstance(encoder, NumberEncoder):
        return pl.Float64
    return pl.Boolean if isinstance(encoder, BooleanEncoder) else pl.String


def _number(value: Any, name: str, *, or_boolean: bool = False) -> float | None:
    value = _boolean_or(value) if or_boolean else value
    if value is None or (isinstance(value, str) and _is_missing(value)):
        return None
    try:
        if (isinstance(value, bool) and not or_boolean) or (isinstance(value, str) and "_" in value):
            raise ValueError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{name!r} must be a number such as 3.5, but it is {value!r}.") from None
    return number if math.isfinite(number) else None


def _boolean(value: Any, name: str) -> bool | None:
    value = _boolean_or(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and _is_missing(value):
        return None
    raise DataError(f"{name!r} must be true or false, but it is {value!r}.")


def _text(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise DataError(f"{name!r} must be text, but it is {value!r}.")


def _is_missing(text: str) -> bool:
    return not text.strip() or text.strip() in MISSING


def _boolean_or(value: Any) -> Any:
    words = {"true": True, "false": False}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value


_READERS: dict[type[pl.DataType], Any] = {pl.Float64: _number, pl.Boolean: _boolean, pl.String: _text}
