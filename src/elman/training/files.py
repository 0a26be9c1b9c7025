"""Files written whole or not at all: after a crash the file is the old one or the new one."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import polars as pl

from elman.errors import RunError


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step.

    Raises:
        RunError: the file cannot be written (no permission, full disk).
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException as error:  # Ctrl-C leaves no draft behind, either
        with suppress(OSError):
            draft.unlink()
        if isinstance(error, OSError):
            raise RunError(f"{path} could not be written: {error.strerror or error}.") from error
        raise


def is_draft(name: str) -> bool:
    """Tell whether a file of this name is what a killed `write_bytes` left behind."""
    return re.fullmatch(r"\..+\.\d+\.tmp", name) is not None


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write a table as Parquet, or as CSV with ISO time stamps if the name ends in .csv.

    Raises:
        RunError: the file cannot be written.
    """
    if path.suffix.lower() == ".csv":
        write_bytes(path, csv_of(frame).encode())
        return
    buffer = BytesIO()
    frame.write_parquet(buffer)
    write_bytes(path, buffer.getvalue())


def csv_of(frame: pl.DataFrame, *, separator: str = ",", header: bool = True) -> str:
    """Return a table as CSV, with ISO time stamps.

    Args:
        frame: the table.
        separator: what stands between two cells.
        header: whether the names of the columns come first.
    """
    zoned = any(getattr(dtype, "time_zone", None) for dtype in frame.dtypes)
    stamps = "%Y-%m-%dT%H:%M:%S%.f" + "%:z" * zoned
    return frame.write_csv(separator=separator, include_header=header, datetime_format=stamps)
