"""Covariates as numbers for a network, scaled by what the training part holds and nothing later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from elman.data.columns import check_exists, describe_type
from elman.data.encoders import BooleanEncoder, NumberEncoder, TextEncoder, is_observed
from elman.errors import ColumnError


@dataclass(frozen=True)
class EncodedCovariates:
    """The covariates of T steps.

    Args:
        values: (T, V) float32: a column for each numeric or boolean covariate, then an indicator
            (1 = observed) for each of them that had missing values in training.
        codes: (T, C) int64: a column for each text covariate; 0 is unseen in training, or missing.
        num_unseen_missing: values missing here, in columns that had none missing in training.
        num_unseen_categories: texts here that did not occur in training.
    """

    values: np.ndarray
    codes: np.ndarray
    num_unseen_missing: int
    num_unseen_categories: int


@dataclass(frozen=True)
class CovariateEncoder:
    """Covariates -> numbers: numeric columns standardised, booleans as 0 and 1, text as codes.

    Missing values become zero (the training mean of a numeric column) beside their indicator.
    A numeric column that is constant in training becomes zero.

    Args:
        numeric: one encoder for each numeric or boolean column, in the order of the names.
        text: one for each text column.

    Example:
        >>> train = pl.DataFrame({"heat": [1.0, 3.0], "sky": ["blue", "grey"]})
        >>> encoder = CovariateEncoder.fit([train], ["heat", "sky"])
        >>> encoder.transform(pl.DataFrame({"heat": [5.0], "sky": ["red"]})).values.tolist()
        [[3.0]]
    """

    numeric: tuple[NumberEncoder | BooleanEncoder, ...]
    text: tuple[TextEncoder, ...]

    @classmethod
    def fit(cls, frames: Sequence[pl.DataFrame], names: Sequence[str]) -> CovariateEncoder:
        """Learn from the training rows of all series.

        Args:
            frames: training rows, one frame a series.
            names: the columns to encode.

        Raises:
            ColumnError: a column is absent, of a type that cannot be encoded, or of unequal types.
        """
        encoders = [_fit_column([_column(frame, name) for frame in frames], name) for name in names]
        return cls(
            tuple(encoder for encoder in encoders if not isinstance(encoder, TextEncoder)),
            tuple(encoder for encoder in encoders if isinstance(encoder, TextEncoder)),
        )

    @property
    def value_names(self) -> tuple[str, ...]:
        """The names of the V columns of `values`; an indicator is called "<name> is observed"."""
        indicators = (f"{encoder.name} is observed" for encoder in self.numeric if encoder.has_indicator)
        return (*(encoder.name for encoder in self.numeric), *indicators)

    @property
    def code_names(self) -> tuple[str, ...]:
        """The names of the C columns of `codes`."""
        return tuple(encoder.name for encoder in self.text)

    @property
    def vocabulary_sizes(self) -> tuple[int, ...]:
        """For each column of `codes`, how many codes there are, 0 included."""
        return tuple(len(encoder.categories) + 1 for encoder in self.text)

    @property
    def constant_names(self) -> tuple[str, ...]:
        """The numeric columns that hold one value in all of training, or none."""
        return tuple(e.name for e in self.numeric if isinstance(e, NumberEncoder) and e.std == 0)

    def transform(self, frame: pl.DataFrame) -> EncodedCovariates:
        """Encode the T rows of `frame`, each by itself: no row changes another's numbers.

        Raises:
            ColumnError: a column is absent, or its type is not the one of training.
        """
        numeric = [(encoder, _column(frame, encoder.name)) for encoder in self.numeric]
        text = [(encoder, _column(frame, encoder.name)) for encoder in self.text]
        values = [encoder.transform(column) for encoder, column in numeric]
        indicators = [is_observed(column) for encoder, column in numeric if encoder.has_indicator]
        unseen = [len(c) - int(is_observed(c).sum()) for encoder, c in numeric if not encoder.has_indicator]
        codes = [encoder.transform(column) for encoder, column in text]
        return EncodedCovariates(
            _stacked([*values, *indicators], frame.height, np.float32),
            _stacked(codes, frame.height, np.int64),
            sum(unseen),
            sum(encoder.num_unseen(column) for encoder, column in text),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as values that JSON can hold; `from_dict` gives back an equal one."""
        return {
            "numeric": [encoder.to_dict() for encoder in self.numeric],
            "text": [encoder.to_dict() for encoder in self.text],
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> CovariateEncoder:
        """Return the encoder whose `to_dict` gave this `state`."""
        kinds = {"number": NumberEncoder, "boolean": BooleanEncoder}
        numeric = tuple(kinds[entry["kind"]].from_dict(entry) for entry in state["numeric"])
        return cls(numeric, tuple(TextEncoder.from_dict(entry) for entry in state["text"]))


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    check_exists(name, frame, repr(name))
    return frame[name]


def _fit_column(columns: list[pl.Series], name: str) -> NumberEncoder | BooleanEncoder | TextEncoder:
    kinds = sorted({describe_type(column.dtype) for column in columns})
    if len(kinds) > 1:
        raise ColumnError(f"The covariate {name!r} is of unequal types: {', '.join(kinds)}.")
    column = pl.concat([_as_float(column) for column in columns])
    for encoder in (NumberEncoder, BooleanEncoder, TextEncoder):
        if encoder.takes(column.dtype):
            return encoder.fit(column)
    raise ColumnError(
        f"The covariate {name!r} must be numeric, boolean or text, but it is {describe_type(column.dtype)}."
    )


def _as_float(column: pl.Series) -> pl.Series:
    return column.cast(pl.Float64) if column.dtype.is_numeric() else column


def _stacked(columns: list[np.ndarray], num_rows: int, dtype: type) -> np.ndarray:
    stacked = np.empty((num_rows, len(columns)), dtype=dtype)
    for at, column in enumerate(columns):
        stacked[:, at] = column
    return stacked
