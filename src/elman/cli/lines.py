"""Rows that come line by line, as CSV or as objects of JSON; what goes out has the form of what came in."""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, BinaryIO

from elman.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_LONGEST = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")

Lines = Iterator[tuple[int, bytes]]


class LineFormat(ABC):
    """How a line becomes a row, and a table becomes lines."""

    @abstractmethod
    def read(self, line: bytes) -> dict[str, Any] | None:
        """Return the row of a line; None for a line that is no row but no mistake either.

        Raises:
            DataError: the line is no row.
        """

    @abstractmethod
    def write(self, frame: pl.DataFrame) -> str:
        """Return a table as lines."""


class CsvLines(LineFormat):
    """Cells between delimiters; the first line that is written names the columns.

    Args:
        header: the first line.
        columns: that it must name.

    Raises:
        DataError: it names them not, or one of them twice.
    """

    def __init__(self, header: str, columns: Sequence[str]):
        from elman.data.frames import check_unique_names

        splits = {delimiter: _split(header, delimiter) for delimiter in _DELIMITERS}
        self._delimiter = max(splits, key=lambda one: len({*columns} & {*splits[one]}))
        self._header, self._names = header, splits[self._delimiter]
        self._check(columns)
        check_unique_names(self._names, "The stream")
        self._is_first = True

    def _check(self, columns: Sequence[str]) -> None:
        import polars as pl

        from elman.data.columns import check_exists

        if columns and not {*columns} & {*self._names}:
            raise DataError(
                f"The first line must be a header with the columns {', '.join(columns)}, or an object of "
                f"JSON, but it is {self._header[:60]!r}."
            )
        for name in columns:
            check_exists(name, pl.DataFrame(schema=dict.fromkeys(self._names)), repr(name))

    def read(self, line: bytes) -> dict[str, Any] | None:
        """Split a line; a header that comes again is passed over."""
        text = _decoded(line)
        if text == self._header:
            return None
        cells = _split(text, self._delimiter)
        if len(cells) != len(self._names):
            raise DataError(f"expected {len(self._names)} fields as in the header, got {len(cells)}.")
        return dict(zip(self._names, cells, strict=True))

    def write(self, frame: pl.DataFrame) -> str:
        """Return a table as CSV, the first with a header."""
        from elman.training.files import csv_of

        header, self._is_first = self._is_first, False
        return csv_of(frame, separator=self._delimiter, header=header)


class JsonLines(LineFormat):
    """One object a line.

    Args:
        columns: what it may hold; one that is not there is null.
    """

    def __init__(self, columns: Sequence[str]):
        self._columns = columns

    def read(self, line: bytes) -> dict[str, Any] | None:
        """Parse a line; a name that is nearly that of a column is refused."""
        text = _decoded(line)
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"no JSON: {error}.") from error
        if not isinstance(row, dict):
            raise DataError(f"expected an object of JSON, such as {{...}}, got {text[:40]!r}.")
        others = [name for name in row if name not in self._columns]
        for column in self._columns:
            close = get_close_matches(column, others, n=1, cutoff=0.8) if column not in row else []
            if close:
                raise DataError(f"there is no {column!r} but a {close[0]!r}; is that what is meant?")
        return row

    def write(self, frame: pl.DataFrame) -> str:
        """Return one object a row, time stamps in the form of ISO 8601."""
        import polars as pl

        stamps = [
            pl.col(name).dt.to_string("%Y-%m-%dT%H:%M:%S%.f" + "%:z" * bool(dtype.time_zone))
            for name, dtype in frame.schema.items()
            if isinstance(dtype, pl.Datetime)
        ]
        return frame.with_columns(stamps).write_ndjson()


def read_lines(file: BinaryIO) -> Lines:
    """Yield each line that is not blank, without its end, after its number; it waits for none but the next.

    Of a line longer than a mebibyte only the beginning is kept.
    """
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        is_whole = line.endswith(b"\n") or len(line) < _LONGEST
        while not is_whole and (rest := file.readline(_LONGEST)):
            is_whole = rest.endswith(b"\n")
        if line.strip():
            yield number, line.rstrip(b"\r\n")


def format_of(first: bytes, columns: Sequence[str]) -> tuple[LineFormat, bool]:
    """Return the format that the first line shows, and whether that line is a row.

    Raises:
        DataError: it is neither an object of JSON nor a header with these columns.
    """
    text = _decoded(first.removeprefix(b"\xef\xbb\xbf"))
    return (JsonLines(columns), True) if text.lstrip().startswith("{") else (CsvLines(text, columns), False)


def _decoded(line: bytes) -> str:
    if len(line) >= _LONGEST:
        raise DataError("longer than a mebibyte; is the end of the line missing?")
    try:
        return line.decode().strip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: byte 0x{line[error.start]:02x} in place {error.start + 1}.") from error


def _split(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise DataError(f"no CSV: {error}.") from error
    return [cell.strip() for cell in cells]
