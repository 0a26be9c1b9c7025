"""What a run offers that can answer row by row; `elman stream` knows no more of a task than this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import polars as pl


class RowStream(ABC):
    """Takes rows one by one, in memory that does not grow with their number.

    A task returns one from `Runs.stream`.
    """

    columns: tuple[str, ...]
    """What the header of a stream names; objects of JSON may leave out what is empty."""

    notes: list[str]
    """What is to be said of the rows so far, in sentences; who reads it empties it."""

    @abstractmethod
    def push(self, row: Mapping[str, Any]) -> pl.DataFrame | None:
        """Take in one row.

        Args:
            row: its cells by their columns, as text or as values of JSON.

        Returns:
            What is known after it, one row a prediction; or None.

        Raises:
            ElmanError: the row cannot be used; it has changed nothing.
        """
