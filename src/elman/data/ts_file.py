"""The `.ts` files of the UCR and UEA archive: a sequence a line, channels between colons, its class last."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elman.data.encodings import as_utf8
from elman.data.findings import Finding
from elman.data.sequences import Sequences
from elman.errors import DataError


def read_ts(path: Path, encoding: str | None = None) -> Sequences:
    """Read a `.ts` file; lengths may differ, and "?" is a missing value.

    A channel that is shorter than the others of its sequence is missing at the end.

    Args:
        path: the file.
        encoding: of a file that is not UTF-8 and has no byte order mark.

    Raises:
        DataError: it cannot be read, is no `.ts` file, or holds time stamps or numbers to predict.
    """
    header, lines = _split(path, encoding)
    if header.get("timestamps", "").lower() == "true":
        raise DataError(f"{path} holds time stamps (@timeStamps true); only values in equal steps are read.")
    if header.get("targetlabel", "").lower().startswith("true"):
        raise DataError(f"{path} holds numbers to predict (@targetLabel true), not classes.")
    is_labelled = header.get("classlabel", "false").lower().startswith("true")
    cases = [_case(path, number, line, is_labelled) for number, line in lines]
    if not cases:
        raise DataError(f"{path} has a header but no sequences after @data.")
    width = cases[0][0].shape[1]
    for (number, _), (values, _, _) in zip(lines, cases, strict=True):
        if values.shape[1] != width:
            count = "1 channel" if values.shape[1] == 1 else f"{values.shape[1]} channels"
            raise DataError(f"{path}:{number} has {count}, but the first sequence has {width}.")
    padded = sum(is_padded for _, _, is_padded in cases)
    message = f"{padded:,} sequences have channels of unequal length; the shorter are missing at the end."
    return Sequences(
        tuple(values for values, _, _ in cases),
        tuple(f"channel {at + 1}" for at in range(width)),
        tuple(str(at + 1) for at in range(len(cases))),
        tuple(label for _, label, _ in cases) if is_labelled else None,
        findings=(Finding("unequal_channels", message, "warning"),) if padded else (),
    )


def _split(path: Path, encoding: str | None) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Return the header, its names in lower case, and the numbered lines of data."""
    try:
        text = as_utf8(path.read_bytes(), str(path), encoding).decode()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    header: dict[str, str] = {}
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    for at, (number, line) in enumerate(lines):
        if line.lower().startswith("@data"):
            return header, [pair for pair in lines[at + 1 :] if pair[1] and not pair[1].startswith("#")]
        if line.startswith("@"):
            name, _, value = line[1:].partition(" ")
            header[name.lower()] = value.strip()
        elif line and not line.startswith("#"):
            raise DataError(f"{path}:{number} stands before @data but is no header line (@name value).")
    raise DataError(f"{path} has no @data line, so it is no .ts file of the UCR/UEA archive.")


def _case(path: Path, number: int, line: str, is_labelled: bool) -> tuple[np.ndarray, str | None, bool]:
    """Return the values of one line, (T, C), its class, and whether a channel was too short."""
    fields = line.split(":")
    label = fields.pop().strip() if is_labelled else None
    if label == "" or not fields:
        raise DataError(f"{path}:{number} has no class after its last colon.")
    channels = [_numbers(path, number, one) for one in fields]
    lengths = {len(one) for one in channels}
    values = np.full((max(lengths), len(channels)), np.nan)
    for at, one in enumerate(channels):
        values[: len(one), at] = one
    return values, label, len(lengths) > 1


def _numbers(path: Path, number: int, text: str) -> np.ndarray:
    try:
        words = [word.strip() for word in text.split(",")]
        values = np.array([np.nan if word in ("?", "") else float(word) for word in words])
    except ValueError as error:
        raise DataError(f"{path}:{number} holds what is no number: {error}.") from error
    return np.where(np.isfinite(values), values, np.nan)
