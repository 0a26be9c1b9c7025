"""Read a table from a file or take one from memory; the way in for all data."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from elman.data.delimited import parse_delimited
from elman.data.frames import to_polars
from elman.errors import DataError


def read_table(
    source: str | Path | pl.DataFrame | pl.LazyFrame | Any,
    *,
    encoding: str | None = None,
    texts: Sequence[str] = (),
) -> pl.DataFrame:
    """Read a CSV or Parquet file, or take a table from memory, as a polars frame.

    A CSV file may be separated by comma, semicolon, tab or bar. It is UTF-8, or what its byte order mark
    says, or else of the `encoding`. Blank cells are null everywhere; NA, N/A, NaN, null, None and ? are
    null in columns that otherwise hold numbers or booleans. Time stamps stay text here: `build_panel` reads
    them.

    Args:
        source: a path, a polars frame (lazy or not), a pandas data frame or an Arrow table. An
            index of pandas that is named or holds time stamps becomes a column.
        encoding: of a CSV file that is not UTF-8, such as "windows-1252".
        texts: columns of a CSV file whose cells stay as they are written: names, codes, classes. "01" is
            not 1 there, and NA is a text, but among nothing but numbers it is null.

    Raises:
        DataError: there is no such file, it is no table, or it is a table without rows.
        OptionError: there is no such encoding.

    Example:
        >>> read_table(pl.DataFrame({"t": [1, 2], "y": [0.5, None]})).shape
        (2, 2)
    """
    where = f"{source}" if isinstance(source, str | Path) else "The table"
    if isinstance(source, str | Path):
        frame = _read_file(_expand(source), encoding, texts)
    else:
        frame = to_polars(source)
    if frame.height == 0:
        raise DataError(f"{where} has a header but no rows: columns {', '.join(map(repr, frame.columns))}.")
    return _plain_types(frame)


def _expand(source: str | Path) -> Path:
    try:
        return Path(source).expanduser()
    except RuntimeError as error:
        raise DataError(f"There is no file {source}: {str(error).rstrip('.')}.") from error


def _read_file(path: Path, encoding: str | None, texts: Sequence[str]) -> pl.DataFrame:
    if not path.exists():
        raise DataError(f"There is no file {path}.")
    if path.is_dir():
        raise DataError(f"{path} is a directory; name one CSV or Parquet file in it.")
    try:
        return _parse_file(path, encoding, texts)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _parse_file(path: Path, encoding: str | None, texts: Sequence[str]) -> pl.DataFrame:
    data = path.read_bytes()
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"{path} is empty.")
    if data.startswith(b"PAR1"):
        return _read_parquet(path)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise DataError(f"{path} is named as a Parquet file but does not start as one (PAR1).")
    return parse_delimited(data, where=str(path), encoding=encoding, texts=texts)


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, hive_partitioning=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{path} starts as a Parquet file but is damaged: {str(error).rstrip('.')}."
        ) from error


def _plain_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Give categories as text and decimals as floats, so that later stages meet few types."""
    casts = {name: pl.String for name, dtype in frame.schema.items() if _is_categorical(dtype)}
    decimals = {name: pl.Float64 for name, dtype in frame.schema.items() if dtype.is_decimal()}
    return frame.cast({**casts, **decimals})


def _is_categorical(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Categorical | pl.Enum)
