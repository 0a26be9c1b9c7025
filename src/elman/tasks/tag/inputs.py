"""Steps as numbers: features standardised, symbols as codes, their spelling, labels as codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from elman.data import CovariateEncoder
from elman.data.step_tables import StepColumns, StepTable

MAX_SPELLING = 24
"""Characters of a symbol that are read; of a longer one the first and the last half of so many."""


@dataclass(frozen=True)
class Steps:
    """The R steps of a table as numbers.

    Args:
        values: (R, V) float32, features and whether they were observed.
        codes: (R, C) int64, symbols; 0 is one that training did not see, or a missing one.
        words: (R,) int64, which row of `spellings` the first symbol has.
        spellings: (U, MAX_SPELLING) int64, characters of the different first symbols; 0 is none.
        labels: (R,) int64; -1 is missing, or a label that training did not see.
        starts: (S + 1,) where each sequence begins.
    """

    values: np.ndarray
    codes: np.ndarray
    words: np.ndarray
    spellings: np.ndarray
    labels: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class StepEncoder:
    """Tables of steps -> numbers, by what the training part holds.

    Args:
        columns: the parts of the columns.
        inputs: of features and symbols.
        labels: the different labels, sorted.
        characters: of the first column of symbols, sorted; none: no spelling is read.
        rarity: for each column of symbols, how often each code occurs in training.
    """

    columns: StepColumns
    inputs: CovariateEncoder
    labels: tuple[str, ...]
    characters: tuple[str, ...]
    rarity: tuple[tuple[int, ...], ...]

    @classmethod
    def fit(cls, table: StepTable, training: np.ndarray, *, reads_spelling: bool) -> StepEncoder:
        """Learn from the rows of the training part.

        Args:
            table: all sequences.
            training: the numbers of its rows to learn from.
            reads_spelling: whether characters are read.

        Raises:
            ColumnError: a column cannot be encoded.
        """
        rows = table.frame[training]
        inputs = CovariateEncoder.fit([rows], list(table.columns.inputs))
        labels = tuple(sorted(table.labels.gather(training).drop_nulls().unique()))
        codes = inputs.transform(rows).codes
        sizes = inputs.vocabulary_sizes
        rarity = tuple(tuple(np.bincount(codes[:, at], minlength=n).tolist()) for at, n in enumerate(sizes))
        texts = inputs.text[0].categories if inputs.text and reads_spelling else ()
        characters = tuple(sorted(set("".join(texts))))
        return cls(table.columns, inputs, labels, characters, rarity)

    def encode(self, table: StepTable) -> Steps:
        """Return the steps of a table as numbers.

        Raises:
            ColumnError: a column is absent or of another type than in training.
        """
        encoded = self.inputs.transform(table.frame)
        codes = {label: at for at, label in enumerate(self.labels)}
        labels = np.array([codes.get(one, -1) for one in table.labels], dtype=np.int64)
        words, spellings = self._spell(table.frame)
        return Steps(encoded.values, encoded.codes, words, spellings, labels, table.starts)

    def _spell(self, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        if not self.characters:
            return np.zeros(frame.height, dtype=np.int64), np.zeros((1, MAX_SPELLING), dtype=np.int64)
        texts = frame[self.inputs.text[0].name].fill_null("").to_list()
        rows: dict[str, int] = {}
        words = np.array([rows.setdefault(text, len(rows)) for text in texts], dtype=np.int64)
        codes = {character: at for at, character in enumerate(self.characters, start=2)}
        spellings = np.zeros((len(rows), MAX_SPELLING), dtype=np.int64)
        for text, at in rows.items():
            # 1 is a character that training did not see.
            spelt = [codes.get(character, 1) for character in _shortened(text)]
            spellings[at, : len(spelt)] = spelt
        return words, spellings

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as values that JSON can hold; `from_dict` gives back an equal one."""
        columns = self.columns
        return {
            "columns": {
                "label": columns.label,
                "sequence": columns.sequence,
                "order": columns.order,
                "symbols": list(columns.symbols or ()),
                "features": list(columns.features),
            },
            "inputs": self.inputs.to_dict(),
            "labels": list(self.labels),
            "characters": list(self.characters),
            "rarity": [list(counts) for counts in self.rarity],
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> StepEncoder:
        """Return the encoder whose `to_dict` gave this `state`."""
        stored = state["columns"]
        lists = {name: tuple(stored[name]) for name in ("symbols", "features")}
        return cls(
            StepColumns(**{**stored, **lists}),
            CovariateEncoder.from_dict(state["inputs"]),
            tuple(state["labels"]),
            tuple(state["characters"]),
            tuple(map(tuple, state["rarity"])),
        )


def _shortened(text: str) -> str:
    if len(text) <= MAX_SPELLING:
        return text
    half = MAX_SPELLING // 2
    return text[:half] + text[-half:]


def share_of_new_symbols(table: StepTable, training: np.ndarray, others: np.ndarray) -> float:
    """Return the share of the first symbols of some rows that do not occur in the training rows."""
    if not table.columns.symbols or len(others) == 0:
        return 0.0
    texts = table.frame[table.columns.symbols[0]]
    known = texts.gather(training).unique().implode()
    share = texts.gather(others).drop_nulls().is_in(known).not_().mean()
    return float(share) if isinstance(share, float) else 0.0


def rows_of(starts: np.ndarray, sequences: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the rows of some sequences, one after another."""
    parts = [np.arange(starts[one], starts[one + 1]) for one in sequences]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
