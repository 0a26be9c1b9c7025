"""The cells of one row, each read by itself: its kind is that of training, not that of its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from elman.data.encoders import BooleanEncoder, NumberEncoder
from elman.errors import DataError
from elman.tasks.forecast.arrays import InputEncoder
from elman.tasks.forecast.stream_buffer import Row
from elman.tasks.row_cells import is_missing, read_boolean, read_number


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
        return (read_number(cells.get(target), target, or_boolean=True), *covariates)

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


def _type_of(encoder: Any) -> type[pl.DataType]:
    if isinstance(encoder, NumberEncoder):
        return pl.Float64
    return pl.Boolean if isinstance(encoder, BooleanEncoder) else pl.String


def _boolean(value: Any, name: str) -> bool | None:
    value = read_boolean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and is_missing(value):
        return None
    raise DataError(f"{name!r} must be true or false, but it is {value!r}.")


def _text(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise DataError(f"{name!r} must be text, but it is {value!r}.")


_READERS: dict[type[pl.DataType], Any] = {pl.Float64: read_number, pl.Boolean: _boolean, pl.String: _text}
