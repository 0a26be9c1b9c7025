"""Sequences of unequal length, with a class each: what is classified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.data.findings import Finding
from elman.data.magnitude import check_magnitude
from elman.errors import DataError, ShapeError


@dataclass(frozen=True)
class Sequences:
    """N sequences of the same channels.

    Args:
        values: N arrays (T, C) of float64, NaN where nothing was observed; T differs.
        channels: C names.
        ids: N names, to speak of them.
        labels: N classes; None for one that is not known, or where none is.
        groups: N names of what a sequence belongs to, such as a person; never split between parts.
        parts: N of "train", "validation" or "test", where the data say so themselves.
        findings: what was odd.

    Raises:
        DataError: there is none, one has no time step, or holds a number too large to compute with.
    """

    values: tuple[np.ndarray, ...]
    channels: tuple[str, ...]
    ids: tuple[str, ...]
    labels: tuple[Any, ...] | None = None
    groups: tuple[str, ...] | None = None
    parts: tuple[str, ...] | None = None
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be run over."""
        if not self.values:
            raise DataError("There is no sequence.")
        empty = [name for name, one in zip(self.ids, self.values, strict=True) if len(one) == 0]
        if empty:
            raise DataError(
                f"Every sequence needs at least one time step, but {empty[0]!r} has none "
                f"({len(empty)} of {len(self.values)} are empty)."
            )
        for name, one in zip(self.ids, self.values, strict=True):
            check_magnitude(one, f"Sequence {name!r}")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.values)

    @property
    def lengths(self) -> np.ndarray:
        """Time steps of each, (N,)."""
        return np.array([len(one) for one in self.values])

    def take(self, rows: Iterable[int]) -> Sequences:
        """Return some of them, in the order of `rows`."""
        rows = list(rows)

        def some(column: tuple[Any, ...] | None) -> Any:
            return None if column is None else tuple(column[row] for row in rows)

        return Sequences(
            some(self.values),
            self.channels,
            some(self.ids),
            some(self.labels),
            some(self.groups),
            some(self.parts),
        )


def sequences_from_arrays(arrays: Any, labels: Any = None, groups: Any = None) -> Sequences:
    """Take sequences from memory.

    Args:
        arrays: a list of arrays (T, C), or (T,) for one channel; or one array (N, T, C) or (N, T), where
            steps at the end with nothing but NaN are padding. NaN is a missing value anywhere else.
        labels: N classes; None or NaN for one that is not known.
        groups: N names.

    Raises:
        ShapeError: an array has other axes, or the numbers of channels or of labels differ.
        DataError: there is no sequence, one has no time step, or holds what is no number.

    Example:
        >>> sequences_from_arrays([[1.0, 2.0], [3.0, 4.0, 5.0]]).lengths
        array([2, 3])
    """
    is_padded = isinstance(arrays, np.ndarray) and arrays.dtype != object
    if is_padded and arrays.ndim not in (2, 3):
        raise ShapeError(f"Sequences in one array need shape (N, T, C) or (N, T), but it is {arrays.shape}.")
    values = tuple(_values(at, one, is_padded) for at, one in enumerate(arrays))
    widths = {one.shape[1] for one in values}
    if len(widths) > 1:
        raise ShapeError(
            f"All sequences must have the same channels, but they have {sorted(widths)} of them."
        )
    for name, column in (("labels", labels), ("groups", groups)):
        if column is not None and len(column) != len(values):
            raise ShapeError(f"`{name}` has {len(column)} entries for {len(values)} sequences.")
    return Sequences(
        values,
        tuple(f"channel {at + 1}" for at in range(max(widths, default=0))),
        tuple(str(at) for at in range(len(values))),
        None if labels is None else _labels(labels),
        None if groups is None else tuple(str(one) for one in groups),
    )


def _labels(labels: Any) -> tuple[Any, ...]:
    """Return classes as plain values; NaN becomes None also where an array would make it the text "nan"."""
    given, plain = np.asarray(labels, dtype=object), np.asarray(labels).tolist()
    missing = [one is None or (isinstance(one, float | np.floating) and bool(np.isnan(one))) for one in given]
    return tuple(None if gone else one for one, gone in zip(plain, missing, strict=True))


def _values(at: int, given: Any, is_padded: bool) -> np.ndarray:
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"Sequence {at} holds something that is no number: {error}.") from error
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.shape[1] == 0:
        raise ShapeError(f"Sequence {at} must have shape (T, C) or (T,), but it has shape {values.shape}.")
    values = np.where(np.isfinite(values), values, np.nan)
    if is_padded:
        observed = np.flatnonzero(~np.isnan(values).all(axis=1))
        values = values[: observed[-1] + 1] if len(observed) else values[:1]
    return values
