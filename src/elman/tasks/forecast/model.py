"""A fitted forecast: everything needed to go from raw rows to quantiles in the target's own unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch

from elman.data import Panel
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.calibration import Calibration
from elman.tasks.forecast.linear import LinearBranch
from elman.tasks.forecast.metrics import quantile_column
from elman.tasks.forecast.network import ForecastNetwork
from elman.tasks.forecast.windows import Geometry, Scaling

_CHUNK = 256


@dataclass
class ForecastModel:
    """The parts of a fitted forecast.

    Args:
        encoder: of the covariates.
        geometry: sizes of a window.
        scaling: of the target, for the series of training.
        names: names of the series of training.
        linear: the linear branch.
        network: the recurrent branch.
        calibration: of the bands.
    """

    encoder: InputEncoder
    geometry: Geometry
    scaling: Scaling
    names: tuple[str | None, ...]
    linear: LinearBranch
    network: ForecastNetwork
    calibration: Calibration

    def arrays_of(self, panel: Panel) -> PanelArrays:
        """Lay a panel out with the room that windows need."""
        geometry = self.geometry
        return PanelArrays.build(panel, self.encoder, before=geometry.rows_before, after=geometry.rows_after)

    def batches_of(self, arrays: PanelArrays) -> BatchMaker:
        """Return what makes batches from arrays that may hold other series than training did."""
        device = next(self.network.parameters()).device
        return BatchMaker(arrays, self.encoder, self.geometry, self._scaling_for(arrays), device)

    def _scaling_for(self, arrays: PanelArrays) -> Scaling:
        """Take a series' scale from training; a series that training never saw brings its own."""
        own = Scaling.fit(self.scaling.kind, arrays, arrays.num_steps)
        place = {name: at for at, name in enumerate(self.names)}
        seen = np.array([name in place for name in arrays.names])
        at = np.array([place.get(name, 0) for name in arrays.names])
        return Scaling(
            own.kind,
            np.where(seen, self.scaling.locations[at], own.locations),
            np.where(seen, self.scaling.scales[at], own.scales),
        )

    def linear_forecast(self, arrays: PanelArrays, origins: np.ndarray) -> np.ndarray:
        """Return the linear branch's point forecasts in the target's unit, (N, H)."""
        inputs = self.batches_of(arrays).linear_inputs
        location, scale = inputs.scaling.at(arrays, origins, self.geometry)
        return self.linear.predict(inputs, origins) * scale[:, None] + location[:, None]

    def quantiles(self, arrays: PanelArrays, origins: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        """Return the quantiles in the target's unit, (N, H, Q) float64, ascending."""
        batches = self.batches_of(arrays)
        linear = self.linear.predict(batches.linear_inputs, origins)
        location, scale = batches.scaling.at(arrays, origins, self.geometry)
        scaled = predict_scaled(self.network, batches, origins, linear).astype(np.float64)
        if calibrated:
            scaled = self.calibration.apply(scaled)
        return scaled * scale[:, None, None] + location[:, None, None]

    def forecast_frame(
        self, arrays: PanelArrays, origins: np.ndarray, extra: dict[str, np.ndarray] | None = None
    ) -> pl.DataFrame:
        """Return one row per origin and step.

        Args:
            arrays: the panel.
            origins: (N,) rows.
            extra: name -> (N, H) columns to add.

        Returns:
            `series`, `origin` (stamp of the last step before the forecast), `time`, `step` (1, 2, ...),
            `target` (the truth, null where missing), a column for each quantile, and the extra ones.
        """
        horizon, quantiles = self.geometry.horizon, self.quantiles(arrays, origins)
        rows = origins[:, None] + np.arange(horizon)
        frame = pl.DataFrame(
            {
                "series": pl.Series(
                    [arrays.names[arrays.owner[row]] for row in origins], dtype=pl.String
                ).gather(np.repeat(np.arange(len(origins)), horizon)),
                "origin": _stamps(arrays, np.repeat(origins - 1, horizon)),
                "time": _stamps(arrays, rows.ravel()),
                "step": np.tile(np.arange(1, horizon + 1), len(origins)),
                "target": pl.Series(arrays.target[rows].ravel()).fill_nan(None),
            }
        )
        columns = {
            quantile_column(level): quantiles[..., at].ravel()
            for at, level in enumerate(self.calibration.levels)
        }
        columns |= {name: values.ravel() for name, values in (extra or {}).items()}
        return frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return every tensor of the model by name."""
        network = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        return {"linear.shared": self.linear.shared, "linear.stepwise": self.linear.stepwise, **network}

    def values(self) -> dict[str, Any]:
        """Return everything but the tensors, as values that JSON can hold."""
        geometry = self.geometry
        return {
            "encoder": self.encoder.to_dict(),
            "geometry": {
                "context": geometry.context,
                "horizon": geometry.horizon,
                "seasons": list(geometry.seasons),
                "num_lags": geometry.num_lags,
            },
            "scaling": {
                "kind": self.scaling.kind,
                "locations": self.scaling.locations.tolist(),
                "scales": self.scaling.scales.tolist(),
            },
            "names": list(self.names),
            "penalty": self.linear.penalty,
            "calibration": list(self.calibration.factors),
        }


def predict_scaled(
    network: ForecastNetwork, batches: BatchMaker, origins: np.ndarray, linear: np.ndarray
) -> np.ndarray:
    """Return the network's quantiles in scaled units, (N, H, Q) float32."""
    network.eval()
    parts = []
    with torch.no_grad():
        for i in range(0, len(origins), _CHUNK):
            batch = batches.make(origins[i : i + _CHUNK], linear[i : i + _CHUNK])
            parts.append(network(batch).transpose(0, 1).cpu().numpy())
    return np.concatenate(parts)


def _stamps(arrays: PanelArrays, rows: np.ndarray) -> pl.Series:
    """Return the time stamps of rows, each at or after the step before its series' first."""
    owners = arrays.owner[rows]
    parts: list[pl.Series] = []
    for begin, end in _runs(owners):
        s = owners[begin]
        parts.append(arrays.times[s].gather(rows[begin:end] - arrays.starts[s]))
    return pl.concat(parts)


def _runs(values: Sequence[int] | np.ndarray) -> list[tuple[int, int]]:
    """Return (begin, end) of each unbroken run of equal values."""
    cuts = np.flatnonzero(np.diff(values)) + 1
    edges = [0, *cuts.tolist(), len(values)]
    return list(zip(edges[:-1], edges[1:], strict=True))
