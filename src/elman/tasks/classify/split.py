"""Which sequences are learned from, which decide when to stop, and which judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elman.data.sequences import Sequences
from elman.errors import DataError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Rows of the sequences.

    Args:
        train: learned from.
        validation: decide when to stop.
        test: judge; may be empty.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def rows(self, part: str) -> np.ndarray:
        """Return the rows of a part."""
        return getattr(self, part)


def split_sequences(
    sequences: Sequences, codes: np.ndarray, *, validation: float, test: float, seed: int
) -> Split:
    """Split at random, each class in proportion; groups stay whole, and parts that the data name are kept.

    Args:
        sequences: what to split.
        codes: (N,) classes.
        validation: share of the sequences that are not in the test part by name.
        test: share of the sequences; unused where the data name a test part.
        seed: of the choice.

    Raises:
        DataError: too few sequences or groups, or a part of another name.
    """
    generator = np.random.default_rng((seed, 1))
    groups = sequences.groups
    named = None if sequences.parts is None else _named(sequences.parts, groups)
    rows = np.arange(len(sequences))
    held = rows[:0] if named is None else rows[named == "test"]
    rows = np.setdiff1d(rows, held)
    if named is None and test > 0:
        held = _draw(rows, codes, groups, test, generator)
        rows = np.setdiff1d(rows, held)
        validation = min(validation / (1 - test), 0.5)
    if named is not None and (named == "validation").any():
        chosen = np.flatnonzero(named == "validation")
    else:
        chosen = _draw(rows, codes, groups, validation, generator)
    rows = np.setdiff1d(rows, chosen)
    if len(rows) == 0 or len(chosen) == 0:
        what = "groups" if groups else "sequences"
        raise DataError(
            f"{len(sequences):,} sequences are too few to split: more {what} are needed in each part."
        )
    return Split(rows, chosen, held)


def _named(parts: tuple[str, ...], groups: tuple[str, ...] | None) -> np.ndarray:
    named = np.array([part.strip().lower() for part in parts])
    strange = sorted({part for part in named.tolist() if part not in PARTS})
    if strange:
        raise DataError(f"The parts must be train, validation or test, but one is {strange[0]!r}.")
    for group in sorted(set(groups or ())):
        found = {part for part, one in zip(named.tolist(), groups or (), strict=True) if one == group}
        if len(found) > 1:
            raise DataError(
                f"The group {group!r} is in the parts {' and '.join(sorted(found))}; a group stays whole."
            )
    return named


def _draw(
    rows: np.ndarray,
    codes: np.ndarray,
    groups: tuple[str, ...] | None,
    share: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return about a share of the rows."""
    if groups is None:
        drawn = [_of_class(rows[codes[rows] == code], share, generator) for code in np.unique(codes[rows])]
        return np.sort(np.concatenate(drawn))
    names = np.array(groups)[rows]
    wanted, chosen = share * len(rows), np.zeros(len(rows), dtype=bool)
    for name in generator.permutation(np.unique(names))[:-1]:  # one is left to learn from
        is_in = names == name
        if chosen.sum() == 0 or chosen.sum() + is_in.sum() / 2 <= wanted:
            chosen |= is_in
    return rows[chosen]


def _of_class(rows: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Return a share of the rows of one class: at least one of two or more, and never all."""
    number = min(max(round(share * len(rows)), int(len(rows) > 1)), len(rows) - 1)
    return generator.permutation(rows)[:number]
