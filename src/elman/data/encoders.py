"""How one covariate becomes numbers, by its kind: number, boolean or text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from elman.data.columns import describe_type
from elman.errors import ColumnError


@dataclass(frozen=True)
class NumberEncoder:
    """Standardise a numeric column.

    Args:
        name: the column's name.
        mean: of its observed values in training; 0 if there are none.
        std: their standard deviation; 0 if they are all equal.
        has_indicator: True if values were missing in training.
    """

    name: str
    mean: float
    std: float
    has_indicator: bool

    @staticmethod
    def takes(dtype: pl.DataType) -> bool:
        """Return whether columns of this type are encoded here."""
        return dtype.is_numeric() or dtype == pl.Null

    @classmethod
    def fit(cls, column: pl.Series) -> NumberEncoder:
        """Learn mean and standard deviation of the observed values."""
        observed = column.to_numpy()[is_observed(column)].astype(np.float64)
        has_missing = len(observed) < len(column)
        if len(observed) == 0:
            return cls(column.name, 0.0, 0.0, has_missing)
        mean = float(observed.mean())
        # The deviation of equal numbers may be a rounding error; dividing by it would blow up later values.
        std = float(observed.std()) if observed.min() < observed.max() else 0.0
        return cls(column.name, mean, std, has_missing)

    def transform(self, column: pl.Series) -> np.ndarray:
        """Return (T,) standardised values, zero where missing."""
        _check_kind(column, is_right=self.takes(column.dtype), kind="numbers")
        observed = is_observed(column)
        if self.std == 0:
            return np.zeros(len(column))
        values = np.where(observed, column.cast(pl.Float64).fill_null(0).to_numpy(), self.mean)
        return (values - self.mean) / self.std

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as values that JSON can hold."""
        return {"kind": "number", **asdict(self)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> NumberEncoder:
        """Return the encoder that `to_dict` described."""
        return cls(state["name"], state["mean"], state["std"], state["has_indicator"])


@dataclass(frozen=True)
class BooleanEncoder:
    """Give false and true as 0 and 1.

    Args:
        name: the column's name.
        has_indicator: True if values were missing in training.
    """

    name: str
    has_indicator: bool

    @staticmethod
    def takes(dtype: pl.DataType) -> bool:
        """Return whether columns of this type are encoded here."""
        return dtype == pl.Boolean

    @classmethod
    def fit(cls, column: pl.Series) -> BooleanEncoder:
        """Learn whether values are missing."""
        return cls(column.name, bool(column.null_count()))

    def transform(self, column: pl.Series) -> np.ndarray:
        """Return (T,) zeros and ones, zero where missing."""
        _check_kind(column, is_right=self.takes(column.dtype), kind="true or false")
        return column.cast(pl.Float64).fill_null(0).to_numpy()

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as values that JSON can hold."""
        return {"kind": "boolean", **asdict(self)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> BooleanEncoder:
        """Return the encoder that `to_dict` described."""
        return cls(state["name"], state["has_indicator"])


@dataclass(frozen=True)
class TextEncoder:
    """Give each text its place in the sorted vocabulary of training, from 1.

    Args:
        name: the column's name.
        categories: the vocabulary.
    """

    name: str
    categories: tuple[str, ...]

    @staticmethod
    def takes(dtype: pl.DataType) -> bool:
        """Return whether columns of this type are encoded here."""
        return dtype == pl.String

    @classmethod
    def fit(cls, column: pl.Series) -> TextEncoder:
        """Learn the vocabulary."""
        return cls(column.name, tuple(sorted(column.drop_nulls().unique())))

    def transform(self, column: pl.Series) -> np.ndarray:
        """Return (T,) codes, 0 where the text is missing or was not seen in training."""
        _check_kind(column, is_right=self.takes(column.dtype), kind="text")
        codes = column.cast(pl.String).replace_strict(
            pl.Series(self.categories, dtype=pl.String),
            pl.Series(range(1, len(self.categories) + 1), dtype=pl.Int64),
            default=0,
            return_dtype=pl.Int64,
        )
        return codes.fill_null(0).to_numpy()

    def num_unseen(self, column: pl.Series) -> int:
        """Return how many texts of a column did not occur in training; missing ones do not count."""
        return int((self.transform(column) == 0).sum()) - column.null_count()

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as values that JSON can hold."""
        return {"kind": "text", "name": self.name, "categories": list(self.categories)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> TextEncoder:
        """Return the encoder that `to_dict` described."""
        return cls(state["name"], tuple(state["categories"]))


def is_observed(column: pl.Series) -> np.ndarray:
    """Return (T,) booleans: neither null nor, for numbers, NaN or infinite."""
    if column.dtype.is_float():
        return column.is_finite().fill_null(False).to_numpy()
    return column.is_not_null().to_numpy()


def _check_kind(column: pl.Series, *, is_right: bool, kind: str) -> None:
    """Let a column without any value pass: it has no type of its own."""
    if not is_right and column.null_count() < len(column):
        raise ColumnError(
            f"The covariate {column.name!r} held {kind} in training, but now it holds "
            f"{describe_type(column.dtype)}."
        )
