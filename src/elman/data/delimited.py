"""Text files of separated values: bytes -> frame of typed columns.

Stages: decode -> sniff the delimiter -> check that every row has as many fields as the header ->
polars reads all cells as text -> `coerce` finds each column's type.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice

import numpy as np
import polars as pl

from elman.data.coerce import coerce_columns
from elman.data.frames import check_unique_names
from elman.errors import DataError

_DELIMITERS = (",", ";", "\t", "|")
_BINARY = {
    b"\x1f\x8b": "is compressed with gzip; unpack it first",
    b"PK\x03\x04": "is a ZIP archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook; save the sheet as CSV",
    b"\xff\xfe": "is UTF-16, not UTF-8; convert it: iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "is UTF-16, not UTF-8; convert it: iconv -f UTF-16 -t UTF-8",
}


def parse_delimited(data: bytes, where: str) -> pl.DataFrame:
    """Parse the bytes of a CSV file.

    Args:
        data: the file's bytes, at least one of them no white space.
        where: the file's name, for messages.

    Raises:
        DataError: the bytes are no UTF-8 text, rows have unequal numbers of fields, a quote is never
            closed, names occur twice, or the header is missing.
    """
    data = _decoded(data, where)
    delimiter = _sniff(data)
    names = _names(data, delimiter, where)
    rows = _Rows(data, delimiter)
    rows.check(len(names), where)
    frame = pl.read_csv(io.BytesIO(rows.without_blank_lines()), separator=delimiter, infer_schema=False)
    frame.columns = names
    return coerce_columns(frame, where)


def _decoded(data: bytes, where: str) -> bytes:
    """Return UTF-8 bytes without byte order mark, each line ending in a newline."""
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise DataError(f"{where} {what}.")
    if b"\0" in data:
        raise DataError(f"{where} is neither Parquet nor text: it holds zero bytes.")
    data = data.removeprefix(codecs.BOM_UTF8)
    _check_utf8(data, where)
    if data.count(b'"') % 2:
        raise DataError(f"{where} has a quote that is never closed.")
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data if data.endswith(b"\n") else data + b"\n"


def _check_utf8(data: bytes, where: str) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{where} is not UTF-8: byte 0x{data[error.start]:02x} in line {line}. If it was saved on "
            "Windows or as Latin-1, convert it: iconv -f WINDOWS-1252 -t UTF-8."
        ) from error


def _records(data: bytes, delimiter: str, limit: int) -> Iterator[list[str]]:
    head = data[: 1 << 20].decode("utf-8", errors="ignore")
    return islice((row for row in csv.reader(io.StringIO(head), delimiter=delimiter) if row), limit)


def _sniff(data: bytes) -> str:
    """Return the delimiter that splits the most of the first rows into as many fields as the header."""

    def fit(delimiter: str) -> tuple[int, int]:
        header, *rows = _records(data, delimiter, 50)
        agreeing = sum(len(row) == len(header) for row in rows)
        return (agreeing if len(header) > 1 else -1, len(header))

    return max(_DELIMITERS, key=fit)


def _names(data: bytes, delimiter: str, where: str) -> list[str]:
    """Return the header's names; a column without one is called by its place: column_3."""
    header = [name.strip() for name in next(_records(data, delimiter, 1))]
    if all(_is_number(name) for name in header):
        raise DataError(
            f"{where} has no header: its first row is {delimiter.join(header[:5])}; name the columns."
        )
    names = [name or f"column_{at}" for at, name in enumerate(header, start=1)]
    check_unique_names(names, where)
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Rows:
    """Where the rows of a file end and how many fields each has; quoted delimiters do not count."""

    def __init__(self, data: bytes, delimiter: str):
        self._bytes = np.frombuffer(data, dtype=np.uint8)
        # After an even number of quotes a byte stands outside quotes; sums modulo 256 keep parity.
        outside = np.cumsum(self._bytes == ord('"'), dtype=np.uint8) % 2 == 0
        self._ends = np.flatnonzero((self._bytes == ord("\n")) & outside)
        self._starts = np.concatenate([[0], self._ends[:-1] + 1]) if len(self._ends) else self._ends
        delimiters = np.flatnonzero((self._bytes == ord(delimiter)) & outside)
        self._num_fields = 1 + np.diff(np.searchsorted(delimiters, self._ends), prepend=0)

    def check(self, num_fields: int, where: str) -> None:
        """Check that every row that is not blank has `num_fields` fields."""
        ragged = np.flatnonzero((self._num_fields != num_fields) & (self._ends > self._starts))
        if len(ragged):
            first = ragged[0]
            more = f" ({len(ragged):,} such rows in all)" if len(ragged) > 1 else ""
            raise DataError(
                f"{where}, line {self._line(first)}: expected {num_fields} fields as in the header, "
                f"got {self._num_fields[first]}{more}."
            )

    def without_blank_lines(self) -> bytes:
        """Return the file's bytes without its empty lines."""
        keep = np.ones(len(self._bytes), dtype=bool)
        keep[self._ends[self._ends == self._starts]] = False
        return self._bytes[keep].tobytes()

    def _line(self, row: int) -> int:
        return int(np.count_nonzero(self._bytes[: self._starts[row]] == ord("\n"))) + 1
