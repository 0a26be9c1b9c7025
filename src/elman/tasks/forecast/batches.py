"""Windows -> the tensors that the network reads, in training, validation and prediction alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.network import Batch, NetworkSizes
from elman.tasks.forecast.windows import Geometry, Scaling, future_rows, past_rows, scaled_rows


def has_linear_base(scaling: Scaling) -> bool:
    """Say whether the network may start from the linear forecast, too.

    Where windows differ in kind (several series), which branch is better differs from window to window,
    and the network has to choose. For one series two branches made apart and then blended are better.
    """
    return scaling.kind == "window"


@dataclass(frozen=True)
class BatchMaker:
    """Makes batches from flat arrays.

    Args:
        arrays: the panel.
        encoder: how its covariates were encoded.
        geometry: sizes of a window.
        scaling: of the target.
        device: where the tensors go.
    """

    arrays: PanelArrays
    encoder: InputEncoder
    geometry: Geometry
    scaling: Scaling
    device: torch.device

    @staticmethod
    def sizes_for(encoder: InputEncoder, geometry: Geometry, scaling: Scaling) -> NetworkSizes:
        """Return the widths of what `make` returns."""
        num_known, num_past = len(encoder.known.value_names), len(encoder.past.value_names)
        num_calendar = len(encoder.calendar)
        known, past = encoder.known.vocabulary_sizes, encoder.past.vocabulary_sizes
        return NetworkSizes(
            past=2 + num_known + num_past + num_calendar,
            future=num_known + 2 * len(encoder.event_columns) + num_calendar + 2 * len(geometry.lags) + 1,
            bases=max(len(geometry.lags), 1) + has_linear_base(scaling),
            past_vocabularies=known + past,
            future_vocabularies=known,
        )

    def make(self, origins: np.ndarray, linear: np.ndarray) -> Batch:
        """Return the batch of the windows at `origins`.

        Args:
            origins: (N,) rows.
            linear: (N, H) forecasts of the linear branch, in the target's unit.
        """
        arrays, geometry = self.arrays, self.geometry
        location, scale = self.scaling.at(arrays, origins, geometry)
        past, future = past_rows(origins, geometry.context), future_rows(origins, geometry.horizon)
        values, observed = scaled_rows(arrays, past, location, scale)
        target, is_target = scaled_rows(arrays, future, location, scale)
        lags = [scaled_rows(arrays, future - lag, location, scale) for lag in geometry.lags]
        guide = (linear - location[:, None]) / scale[:, None]
        bases = [values for values, _ in lags] or [np.zeros_like(target)]
        bases += [guide] if has_linear_base(self.scaling) else []
        return Batch(
            past=self._floats(
                [values, observed, arrays.known[past], arrays.past[past], arrays.calendar[past]]
            ),
            past_codes=self._codes([arrays.known_codes[past], arrays.past_codes[past]]),
            future=self._floats(
                [
                    arrays.known[future],
                    *self._events(future),
                    arrays.calendar[future],
                    *(part for lag in lags for part in lag),
                    guide,
                ]
            ),
            future_codes=self._codes([arrays.known_codes[future]]),
            target=self._floats([target])[..., 0],
            observed=torch.from_numpy(np.ascontiguousarray(is_target.T)).to(self.device),
            bases=self._floats(bases),
        )

    def truth(self, origins: np.ndarray) -> np.ndarray:
        """Return the scaled truth of the windows at `origins`, NaN where missing; (N, H)."""
        location, scale = self.scaling.at(self.arrays, origins, self.geometry)
        target = self.arrays.target[future_rows(origins, self.geometry.horizon)]
        return (target - location[:, None]) / scale[:, None]

    def _events(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return boolean covariates one season before and after: what tomorrow is changes today."""
        columns, season = self.encoder.event_columns, self.geometry.season
        return [
            self.arrays.known[rows - season][..., columns],
            self.arrays.known[rows + season][..., columns],
        ]

    def _floats(self, parts: list[np.ndarray]) -> Tensor:
        """Put (N, n) and (N, n, .) arrays side by side as one (n, N, .) float tensor."""
        wide = [part[..., None] if part.ndim == 2 else part for part in parts]
        joined = np.concatenate([part.astype(np.float32) for part in wide], axis=-1)
        return torch.from_numpy(np.ascontiguousarray(joined.transpose(1, 0, 2))).to(self.device)

    def _codes(self, parts: list[np.ndarray]) -> Tensor:
        joined = np.concatenate(parts, axis=-1)
        return torch.from_numpy(np.ascontiguousarray(joined.transpose(1, 0, 2))).to(self.device)
