"""Tags for steps as they come, one after another, of one sequence or of several in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import torch

from elman.data.step_tables import StepTable
from elman.errors import ColumnError, OptionError
from elman.tasks.streaming import RowStream
from elman.tasks.tag.batches import make_batch
from elman.tasks.tag.model import TagModel

_MOST_OPEN = 1000
"""Sequences whose states are kept; of more, the one that rested longest begins anew."""


class TagStream(RowStream):
    """Tags each step as soon as it is there, from what came before it in its sequence.

    Args:
        model: a fitted model that reads sequences from their start only.
        device: where its network is.

    Raises:
        OptionError: the model reads sequences from both ends.
    """

    def __init__(self, model: TagModel, device: str = "cpu") -> None:
        if not model.network.tagger.is_causal:
            raise OptionError(
                "This tagger reads sequences from both ends, and a stream has no end; fit one with "
                "stream=True, or --stream."
            )
        self._model, self._device = model, torch.device(device)
        self._states: dict[object, Any] = {}
        columns = model.encoder.columns
        self.columns: tuple[str, ...] = (*filter(None, [columns.sequence]), *columns.inputs)
        """What a row may have."""
        self.notes: list[str] = []
        """What is to be said of the rows so far; to be emptied by who reads it."""

    def push(self, row: Mapping[str, Any]) -> pl.DataFrame | None:
        """Return the tag of one step and its probability; None for a row that has none of the columns.

        Args:
            row: its cells by their columns, as text or as values of JSON. Without its sequence's name it
                belongs to the sequence of all such rows.

        Raises:
            ColumnError: a feature is no number; the row has changed nothing.
        """
        columns = self._model.encoder.columns
        if not any(name in row for name in self.columns):
            return None
        batch = make_batch(self._model.encoder.encode(self._table(row)), [(0, 1)], self._device)
        name = row.get(columns.sequence) if columns.sequence else None
        with torch.no_grad():
            logits, state = self._model.network.step(batch, self._states.pop(name, None))
        self._states[name] = state
        if len(self._states) > _MOST_OPEN:
            del self._states[next(iter(self._states))]
        shares = logits[0].softmax(dim=-1)
        best = int(shares.argmax())
        told = {"tag": self._model.encoder.labels[best], "probability": float(shares[best])}
        return pl.DataFrame({columns.sequence: [name], **told} if name is not None else told)

    def reset(self) -> None:
        """Begin all sequences anew."""
        self._states.clear()

    def _table(self, row: Mapping[str, Any]) -> StepTable:
        columns = self._model.encoder.columns
        texts = {
            name: None if row.get(name) in (None, "") else str(row[name]) for name in columns.symbols or ()
        }
        numbers = {name: _number(name, row.get(name)) for name in columns.features}
        schema = {**dict.fromkeys(texts, pl.String), **self._kinds()}
        frame = pl.DataFrame([{**texts, **numbers}], schema=schema)
        return StepTable(frame, np.array([0, 1]), ("1",), np.array([0]), columns)

    def _kinds(self) -> dict[str, Any]:
        encoders = self._model.encoder.inputs.numeric
        return {
            one.name: pl.Boolean if one.to_dict()["kind"] == "boolean" else pl.Float64 for one in encoders
        }


def _number(name: str, value: object) -> float | bool | None:
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip()
    if text.lower() in ("", "na", "nan", "null", "none", "?"):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError as error:
        raise ColumnError(f"The feature {name!r} must be a number, but it is {value!r}.") from error
