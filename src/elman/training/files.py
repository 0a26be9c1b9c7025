"""Files written whole or not at all: after a crash the file is the old one or the new one."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import polars as pl

from elman.errors import RunError


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step.

    Raises:
        RunError: the file cannot be written (no permission, full disk).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunError(f"{path} could not be written: {error.strerror or error}.") from error


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write a table as Parquet, or as CSV if the name ends in .csv.

    Raises:
        RunError: the file cannot be written.
    """
    if path.suffix == ".csv":
        return write_bytes(path, frame.write_csv().encode())
    buffer = BytesIO()
    frame.write_parquet(buffer)
    return write_bytes(path, buffer.getvalue())
