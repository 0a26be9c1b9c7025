"""Column files: one step a line, its fields in columns, a blank line between sequences. Bytes -> frame.

The formats of the shared tasks on tagging (CoNLL) are column files: word, part of speech, ..., tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from elman.data.encodings import as_utf8
from elman.data.findings import Finding
from elman.errors import DataError, OptionError

SEQUENCE = "sequence"
"""The column of a sequence's number, from 1."""

_DOCUMENT = "-DOCSTART-"
_Row = tuple[int, list[str]]


@dataclass(frozen=True)
class ColumnFile:
    """What a column file holds.

    Args:
        frame: one row a step: `sequence`, then `column_1`, `column_2`, ... as text; "_" alone is a value.
        findings: lines that were left out.
    """

    frame: pl.DataFrame
    findings: tuple[Finding, ...]


def read_column_file(
    path: str | Path, delimiter: str | None = None, encoding: str | None = None
) -> ColumnFile:
    """Read a file with a step on each line and a blank line between sequences.

    A line that begins with # is a comment, unless it has as many fields as the others and its last one
    occurs there, too: # may be a word. Lines of -DOCSTART- only mark documents and are left out.

    Args:
        path: the file, any line ending.
        delimiter: what separates fields; None takes tabs where every line has them, and else white space.
        encoding: of a file that is not UTF-8 and has no byte order mark.

    Raises:
        DataError: there is no such file, it is no text, or a line has another number of fields.
        OptionError: the delimiter is empty, or there is no such encoding.
    """
    if delimiter == "":
        raise OptionError(
            "`delimiter` must hold a character, but it is empty; leave it out for tabs or blanks."
        )
    where, text = str(path), _text_of(Path(path).expanduser(), encoding)
    lines = text.split("\n")
    if delimiter is None:
        delimiter = "\t" if all("\t" in line for line in lines if _is_step(line)) else None
    fields = [(at, line.strip("\r").split(delimiter)) for at, line in enumerate(lines, start=1)]
    rows = [row for row in fields if _is_step(lines[row[0] - 1])]
    if not rows:
        raise DataError(f"{where} is empty: it holds no line with a step.")
    num_fields = _num_fields(rows, where)
    tags = {row[-1] for _, row in rows}
    numbers: list[int] = []
    kept: list[list[str]] = []
    number, is_open, num_left_out = 0, False, 0
    for at, row in fields:
        line = lines[at - 1]
        if not line.strip():
            is_open = False
        elif _is_step(line) or (len(row) == num_fields and row[-1] in tags and not _is_document(line)):
            number += not is_open
            is_open = True
            numbers.append(number)
            kept.append(row)
        else:
            num_left_out += 1
    columns = {f"column_{at + 1}": [row[at].strip() for row in kept] for at in range(num_fields)}
    frame = pl.DataFrame({SEQUENCE: numbers, **columns}, schema_overrides=dict.fromkeys(columns, pl.String))
    return ColumnFile(frame, _findings(num_left_out))


def _findings(num_left_out: int) -> tuple[Finding, ...]:
    if num_left_out == 0:
        return ()
    plural = "line" if num_left_out == 1 else "lines"
    return (
        Finding("comment", f"{num_left_out:,} {plural} with a comment or a document's mark were left out."),
    )


def _is_document(line: str) -> bool:
    return line.startswith(_DOCUMENT)


def _is_step(line: str) -> bool:
    """Whether a line is a step beyond doubt."""
    return bool(line.strip()) and not line.startswith("#") and not _is_document(line)


def _num_fields(rows: list[_Row], where: str) -> int:
    expected = len(rows[0][1])
    wrong = [(at, len(row)) for at, row in rows if len(row) != expected]
    if wrong:
        (at, came), more = wrong[0], f" ({len(wrong):,} such lines in all)" if len(wrong) > 1 else ""
        raise DataError(
            f"{where}, line {at}: expected {expected} fields as in line {rows[0][0]}, got {came}{more}."
        )
    return expected


def _text_of(path: Path, encoding: str | None) -> str:
    if not path.exists():
        raise DataError(f"There is no file {path}.")
    if path.is_dir():
        raise DataError(f"{path} is a directory; name one file in it.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    text = as_utf8(data, str(path), encoding).decode()
    return text.replace("\r\n", "\n").replace("\r", "\n")
