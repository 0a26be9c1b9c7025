"""Text files of separated values: bytes -> frame of typed columns.

Stages: decode -> sniff the delimiter -> check that every row has as many fields as the header ->
polars reads all cells as text -> `coerce` finds each column's type.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
import polars as pl

from elman.data.coerce import coerce_columns
from elman.data.encodings import as_utf8
from elman.data.frames import check_unique_names
from elman.errors import DataError

_DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 16  # bytes from which the delimiter is found
_BINARY = {
    b"\x1f\x8b": "is compressed with gzip; unpack it first",
    b"PK\x03\x04": "is a ZIP archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook; save the sheet as CSV",
}


def parse_delimited(
    data: bytes, where: str, *, encoding: str | None = None, texts: Sequence[str] = ()
) -> pl.DataFrame:
    """Parse the bytes of a CSV file.

    Args:
        data: the file's bytes, at least one of them no white space.
        where: the file's name, for messages.
        encoding: of bytes that are not UTF-8 and have no byte order mark.
        texts: columns whose cells stay as they are written.

    Raises:
        DataError: the bytes are no text, rows have unequal numbers of fields, a quote is never closed,
            names occur twice, or the header is missing.
        OptionError: there is no such encoding.
    """
    data = _plain_lines(data, where, encoding)
    delimiter = _sniff(data)
    rows = _Rows(data, delimiter)
    names = _names(rows.header, delimiter, where)
    rows.check(len(names), where)
    frame = pl.read_csv(io.BytesIO(rows.without_blank_lines()), separator=delimiter, infer_schema=False)
    frame.columns = names
    return coerce_columns(frame, where, texts)


def _plain_lines(data: bytes, where: str, encoding: str | None) -> bytes:
    """Return UTF-8 bytes without byte order mark, each line ending in a newline."""
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise DataError(f"{where} {what}.")
    data = as_utf8(data, where, encoding)
    if not data.strip():
        raise DataError(f"{where} is empty.")
    if data.count(b'"') % 2:
        raise DataError(f"{where} has a quote that is never closed.")
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data if data.endswith(b"\n") else data + b"\n"


def _sniff(data: bytes) -> str:
    """Return the delimiter that splits the most of the first rows into as many fields as the header."""
    end = data.rfind(b"\n", 0, _HEAD) + 1 or len(data)

    def fit(delimiter: str) -> tuple[int, int]:
        header, *rows = _Rows(data[:end], delimiter).num_fields[:50].tolist()
        return (rows.count(header) if header > 1 else -1, header)

    return max(_DELIMITERS, key=fit)


def _names(header: str, delimiter: str, where: str) -> list[str]:
    """Return the header's names; a column without one is called by its place: column_3."""
    try:
        names = [name.strip() for name in next(csv.reader(io.StringIO(header), delimiter=delimiter))]
    except csv.Error as error:
        raise DataError(f"{where} has no header that can be read: {error}.") from error
    if all(_is_number(name) for name in names):
        raise DataError(f"{where} has no header: its first row is {header[:40]}; name the columns.")
    names = [name or f"column_{at}" for at, name in enumerate(names, start=1)]
    check_unique_names(names, where)
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Rows:
    """Where the rows that are not blank begin and end, and how many fields each has.

    Newlines and delimiters between quotes belong to a field.

    Args:
        data: the file's bytes, its last one a newline.
        delimiter: what separates fields.
    """

    def __init__(self, data: bytes, delimiter: str):
        self._bytes = np.frombuffer(data, dtype=np.uint8)
        # After an even number of quotes a byte stands outside quotes; sums modulo 256 keep parity.
        outside = np.cumsum(self._bytes == ord('"'), dtype=np.uint8) % 2 == 0
        ends = np.flatnonzero((self._bytes == ord("\n")) & outside)
        starts = np.append(0, ends[:-1] + 1)
        delimiters = np.flatnonzero((self._bytes == ord(delimiter)) & outside)
        is_blank = starts == ends
        self._blank_ends = ends[is_blank]
        self._starts, self._ends = starts[~is_blank], ends[~is_blank]
        self.num_fields = (1 + np.diff(np.searchsorted(delimiters, ends), prepend=0))[~is_blank]

    @property
    def header(self) -> str:
        """The first row."""
        return self._bytes[self._starts[0] : self._ends[0]].tobytes().decode("utf-8")

    def check(self, num_fields: int, where: str) -> None:
        """Check that every row has `num_fields` fields."""
        ragged = np.flatnonzero(self.num_fields != num_fields)
        if len(ragged):
            first = ragged[0]
            more = f" ({len(ragged):,} such rows in all)" if len(ragged) > 1 else ""
            raise DataError(
                f"{where}, line {self._line(first)}: expected {num_fields} fields as in the header, "
                f"got {self.num_fields[first]}{more}."
            )

    def without_blank_lines(self) -> bytes:
        """Return the file's bytes without its empty lines."""
        return np.delete(self._bytes, self._blank_ends).tobytes()

    def _line(self, row: int) -> int:
        return int(np.count_nonzero(self._bytes[: self._starts[row]] == ord("\n"))) + 1
