"""The probabilities of the classes so far, after each step of one sequence or of several in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import polars as pl
import torch

from elman.data.magnitude import check_magnitude
from elman.errors import DataError, OptionError
from elman.tasks.classify.model import ClassifyModel
from elman.tasks.classify.network import ClassifyNetwork
from elman.tasks.classify.stream_pool import RunningPool
from elman.tasks.row_cells import read_number
from elman.tasks.streaming import RowStream

_MOST_OPEN = 1000
"""Sequences that are kept; of more, the one that rested longest begins anew."""


class ClassifyStream(RowStream):
    """Says after each step what `predict_proba` says of the sequence so far, up to rounding.

    Of each sequence the states are kept, and where the linear branch counts its values, too: the statistics
    that it reads are those of the whole. Without that branch memory does not grow with the length.

    Args:
        model: a fitted model that reads sequences from their start only.
        sequence: the column that names the sequence of a row; without it all rows are steps of one.

    Raises:
        OptionError: the network waits for steps to come.
    """

    def __init__(self, model: ClassifyModel, sequence: str | None = None) -> None:
        _require_causal(model.network)
        self._model, self._id = model, sequence
        self._open: dict[str | None, _Open] = {}
        self.columns: tuple[str, ...] = (*filter(None, [sequence]), *model.encoder.channels)
        """What a row may have."""
        self.notes: list[str] = []
        """What is to be said of the rows so far; to be emptied by who reads it."""

    def push(self, row: Mapping[str, Any]) -> pl.DataFrame | None:
        """Return the class and the probabilities of a sequence after one more step.

        Args:
            row: its cells by their columns, as text or as values of JSON; a channel may be missing.

        Raises:
            DataError: a channel is no number, or the sequence is not named; the row has changed nothing.
        """
        name, values = self._name(row), self._values(row)
        opened = self._open.pop(name, None) or _Open.of(self._model.network)
        self._open[name] = opened
        if len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]
        probabilities = opened.push(self._model, values)
        classes = self._model.classes
        told = {"step": opened.num_steps, "predicted": str(classes[int(probabilities.argmax())])}
        shares = {f"p({name})": share for name, share in zip(classes, probabilities.tolist(), strict=True)}
        return pl.DataFrame({**({} if self._id is None else {self._id: [name]}), **told, **shares})

    def reset(self) -> None:
        """Begin all sequences anew."""
        self._open.clear()

    def _name(self, row: Mapping[str, Any]) -> str | None:
        if self._id is None:
            return None
        value = row.get(self._id)
        name = "" if value is None else str(value).strip()
        if not name:
            raise DataError(f"The row has no sequence in {self._id!r}.")
        return name

    def _values(self, row: Mapping[str, Any]) -> np.ndarray:
        """Return the channels of a step, (1, C), NaN where missing."""
        names = self._model.encoder.channels
        cells = [read_number(row.get(name), name, or_boolean=True) for name in names]
        values = np.array([[np.nan if cell is None else cell for cell in cells]])
        check_magnitude(values, "The row")
        return values


@dataclass
class _Open:
    """One sequence on its way: what the layers carry, what the pool holds, the values the statistics need."""

    pool: RunningPool
    states: list[Any]
    values: list[np.ndarray] = field(default_factory=list)
    num_steps: int = 0

    @classmethod
    def of(cls, network: ClassifyNetwork) -> _Open:
        return cls(RunningPool(network.pool.halves[0]), [None] * len(network.layers))  # pyright: ignore[reportArgumentType]

    def push(self, model: ClassifyModel, values: np.ndarray) -> np.ndarray:
        """Return the probabilities after one more step, (K,)."""
        self.num_steps += 1
        found = self._of_network(model, values) if model.blend < 1 else 0.0
        if model.blend == 0:
            return cast("np.ndarray", found)
        self.values.append(values)
        return (1 - model.blend) * found + model.blend * model.linear_probabilities(
            [np.concatenate(self.values)]
        )[0]

    def _of_network(self, model: ClassifyModel, values: np.ndarray) -> np.ndarray:
        network = model.network
        output = model.encoder.encode(values).to(network.head.weight.device)
        with torch.no_grad():
            for at, layer in enumerate(cast("Any", network.layers)):
                output, self.states[at] = layer.step(output, self.states[at])
            scores = network.head(self.pool.push(output))[0]
        return scores.double().softmax(dim=0).cpu().numpy()


def _require_causal(network: ClassifyNetwork) -> None:
    """Refuse a network that waits for steps to come.

    Raises:
        OptionError: it does.
    """
    if not all(layer.is_causal for layer in cast("Any", network.layers)):
        raise OptionError(
            "This classifier reads sequences from both ends, and a stream has no end; fit one with "
            "bidirectional=False, or --unidirectional."
        )
    if network.convolution is not None:
        raise OptionError(
            "The convolution of this classifier looks at steps to come, which a stream does not have; fit "
            "one with convolution=0."
        )
