"""A fitted forecast: everything needed to go from raw rows to quantiles in the target's own unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import torch

from elman.data import Panel
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.calibration import Calibration
from elman.tasks.forecast.linear import LinearBranch, LinearInputs
from elman.tasks.forecast.metrics import quantile_column
from elman.tasks.forecast.network import ForecastNetwork
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.quantiles import centre_of
from elman.tasks.forecast.windows import Geometry, Scaling
from elman.tasks.networks import network_tensors, restore_network

_CHUNK = 256


@dataclass
class ForecastModel:
    """The parts of a fitted forecast.

    Args:
        encoder: of the covariates.
        geometry: sizes of a window.
        names: names of the series of training.
        scaling: of what the network sees of the target.
        network: the recurrent branch.
        linear_scaling: of what the linear branch sees of the target.
        linear: the linear branch.
        blend: how far the forecast moves from the network's centre to the linear one, in [0, 1].
        calibration: of the bands.
    """

    encoder: InputEncoder
    geometry: Geometry
    names: tuple[str | None, ...]
    scaling: Scaling
    network: ForecastNetwork
    linear_scaling: Scaling
    linear: LinearBranch
    blend: float
    calibration: Calibration

    def arrays_of(self, panel: Panel) -> PanelArrays:
        """Lay a panel out with the room that windows need."""
        geometry = self.geometry
        return PanelArrays.build(panel, self.encoder, before=geometry.rows_before, after=geometry.rows_after)

    def batches_of(self, arrays: PanelArrays) -> BatchMaker:
        """Return what makes batches from arrays that may hold other series than training did."""
        device = next(self.network.parameters()).device
        return BatchMaker(arrays, self.encoder, self.geometry, self._for_panel(self.scaling, arrays), device)

    def _for_panel(self, scaling: Scaling, arrays: PanelArrays) -> Scaling:
        """Take each series' scale from training; one that training never saw has none yet."""
        place = {name: at for at, name in enumerate(self.names)}
        at = np.array([place.get(name, len(place)) for name in arrays.names])
        return Scaling(
            scaling.kind, np.append(scaling.locations, np.nan)[at], np.append(scaling.scales, np.nan)[at]
        )

    def linear_forecast(self, arrays: PanelArrays, origins: np.ndarray) -> np.ndarray:
        """Return the linear branch's point forecasts in the target's unit, (N, H)."""
        scaling = self._for_panel(self.linear_scaling, arrays)
        return self.linear.predict(LinearInputs(arrays, self.encoder, self.geometry, scaling), origins)

    def quantiles(self, arrays: PanelArrays, origins: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        """Return the quantiles in the target's unit, (N, H, Q) float64, ascending."""
        batches, linear = self.batches_of(arrays), self.linear_forecast(arrays, origins)
        location, scale = (part[:, None] for part in batches.scaling.at(arrays, origins, self.geometry))
        scaled = predict_scaled(self.network, batches, origins, linear)
        scaled = blend_in(scaled, (linear - location) / scale, self.blend, self.calibration.levels)
        if calibrated:
            scaled = self.calibration.apply(scaled)
        return scaled * scale[..., None] + location[..., None]

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
        linear = {"linear.shared": self.linear.shared, "linear.stepwise": self.linear.stepwise}
        return {**linear, **network_tensors(self.network)}

    @classmethod
    def from_parts(
        cls, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any], options: ForecastOptions
    ) -> ForecastModel:
        """Return the model that `tensors` and `values` describe, on the options' device."""
        encoder = InputEncoder.from_dict(values["encoder"])
        geometry = Geometry(**{**values["geometry"], "seasons": tuple(values["geometry"]["seasons"])})
        scaling = Scaling.from_dict(values["scaling"])
        network = ForecastNetwork.from_options(BatchMaker.sizes_for(encoder, geometry, scaling), options)
        return cls(
            encoder,
            geometry,
            tuple(values["names"]),
            scaling,
            restore_network(network, tensors, options.device),
            Scaling.from_dict(values["linear_scaling"]),
            LinearBranch(tensors["linear.shared"], tensors["linear.stepwise"], values["penalty"]),
            values["blend"],
            Calibration(options.quantiles, tuple(values["calibration"])),
        )

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
            "scaling": self.scaling.to_dict(),
            "linear_scaling": self.linear_scaling.to_dict(),
            "blend": self.blend,
            "names": list(self.names),
            "penalty": self.linear.penalty,
            "calibration": list(self.calibration.factors),
        }


def predict_scaled(
    network: ForecastNetwork, batches: BatchMaker, origins: np.ndarray, linear: np.ndarray
) -> np.ndarray:
    """Return the network's quantiles in scaled units, (N, H, Q) float64."""
    network.eval()
    parts = []
    with torch.no_grad():
        for i in range(0, len(origins), _CHUNK):
            batch = batches.make(origins[i : i + _CHUNK], linear[i : i + _CHUNK])
            parts.append(network(batch).transpose(0, 1).cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


def blend_in(
    quantiles: np.ndarray, linear: np.ndarray, share: float, levels: tuple[float, ...]
) -> np.ndarray:
    """Move (N, H, Q) quantiles so that their centre lies a share of the way to the (N, H) linear forecast."""
    return quantiles + share * (linear - quantiles[..., centre_of(levels)])[..., None]


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
    return list(pairwise(edges))
