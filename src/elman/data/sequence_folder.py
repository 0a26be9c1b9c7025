"""Sequences as files in a folder: one file a sequence, its class the sub-folder or in a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from elman.data.sequence_table import SequenceColumns, sequences_from_table
from elman.data.sequences import Sequences, sequences_from_arrays
from elman.data.tables import read_table
from elman.data.ts_file import read_ts
from elman.errors import ColumnError, DataError

_FILE = "__file"


@dataclass(frozen=True)
class SequenceSource:
    """How sequences lie in files.

    Args:
        columns: of a long table; of a table of labels the id is the name of the file. None for files that
            need none: `.ts` files and folders with a sub-folder for each class.
        order: of the files of a folder, the column that sorts their rows.
        features: of the files of a folder; all numeric columns if empty.
        labels: a table with a row for each file of a folder.
        encoding: of files that are not UTF-8 and have no byte order mark.
    """

    columns: SequenceColumns | None = None
    order: str | None = None
    features: tuple[str, ...] = ()
    labels: str | None = None
    encoding: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of names and classes, whose cells stay as they are written."""
        own = self.columns
        names = () if own is None else (own.id, own.label, own.group, own.part)
        return tuple(name for name in names if name)


def read_sequences(path: Path, source: SequenceSource, *, is_labelled: bool = True) -> Sequences:
    """Read a long table (CSV, Parquet), a `.ts` file, or a folder of files.

    Classes and names are read as they are written; see `read_table`.

    Args:
        path: the file or folder.
        source: how sequences lie in it.
        is_labelled: whether classes are wanted.

    Raises:
        DataError: it cannot be read, or holds no sequences.
        ColumnError: a column is absent or of a wrong type.
    """
    if path.is_dir():
        return _read_folder(path, source, is_labelled)
    if source.labels and is_labelled:
        raise ColumnError(
            f"--labels names the classes of the files in a folder, but {path} is a file; leave it out."
        )
    if path.suffix.lower() == ".ts":
        return read_ts(path, source.encoding)
    table = read_table(path, encoding=source.encoding, texts=source.texts)
    if source.columns is None:
        raise ColumnError(
            f"{path} is a table: say which column names the sequence (--id) and which the class (--label)."
        )
    return sequences_from_table(table, source.columns, is_labelled=is_labelled)


def _read_folder(folder: Path, source: SequenceSource, is_labelled: bool) -> Sequences:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not files:
        raise DataError(f"{folder} holds no files.")
    values, channels = _read_files(files, source)
    names = tuple(str(path.relative_to(folder)) for path in files)
    if not is_labelled:
        return Sequences(values, channels, names)
    if source.labels is None:
        labels = tuple(_class_of(path, folder) for path in files)
        return Sequences(values, channels, names, labels)
    return _with_labels(Sequences(values, channels, names), Path(source.labels), source)


def _class_of(path: Path, folder: Path) -> str:
    if path.parent == folder:
        raise DataError(
            f"{path} lies in no sub-folder that names its class; sort the files into one folder a class, "
            "or give a table with --labels, --id and --label."
        )
    return path.relative_to(folder).parts[0]


def _read_files(files: list[Path], source: SequenceSource) -> tuple[tuple[np.ndarray, ...], tuple[str, ...]]:
    values, channels = [], ()
    for path in files:
        matrix, names = _read_one(path, source)
        if values and names != channels:
            raise DataError(f"{path} has the channels {list(names)}, but {files[0]} has {list(channels)}.")
        values.append(matrix)
        channels = names
    return tuple(values), channels


def _read_one(path: Path, source: SequenceSource) -> tuple[np.ndarray, tuple[str, ...]]:
    if path.suffix.lower() == ".npy":
        try:
            one = sequences_from_arrays([np.load(path)])
        except (ValueError, OSError, EOFError) as error:
            raise DataError(f"{path} is no array of numbers as numpy.save writes it.") from error
        return one.values[0], one.channels
    frame = read_table(path, encoding=source.encoding).with_columns(pl.lit(0).alias(_FILE))
    columns = SequenceColumns(_FILE, source.order, source.features)
    one = sequences_from_table(frame, columns, is_labelled=False)
    return one.values[0], one.channels


def _with_labels(sequences: Sequences, table: Path, source: SequenceSource) -> Sequences:
    columns = source.columns
    if columns is None or columns.label is None:
        raise ColumnError(
            f"{table} is a table of labels: name its columns of files (--id) and classes (--label)."
        )
    frame = read_table(table, encoding=source.encoding, texts=source.texts)
    told = sequences_from_table(
        frame.with_columns(pl.lit(0.0).alias(_FILE)),
        SequenceColumns(columns.id, None, (_FILE,), columns.label, columns.group, columns.part),
        is_labelled=True,
    )
    if twice := [name for name, length in zip(told.ids, told.lengths, strict=True) if length > 1]:
        raise DataError(f"{table} has more than one row for the file {twice[0]!r}.")
    rows = {name: at for at, name in enumerate(told.ids)}
    places = [rows.get(name, rows.get(Path(name).name, rows.get(Path(name).stem))) for name in sequences.ids]
    if None in places:
        raise DataError(f"{table} has no row for the file {sequences.ids[places.index(None)]!r}.")
    labels_found = told.findings
    told = told.take(place for place in places if place is not None)
    return Sequences(
        sequences.values,
        sequences.channels,
        sequences.ids,
        told.labels,
        told.groups,
        told.parts,
        labels_found,
    )
