"""Where windows begin their forecast: for training, for validation, for scoring."""

from __future__ import annotations

from math import gcd

import numpy as np

from elman.data import TimeSplit
from elman.tasks.forecast.arrays import PanelArrays
from elman.tasks.forecast.windows import Geometry

_MAX_TRAINING_WINDOWS = 60_000
_MAX_VALIDATION_WINDOWS = 512


def training_origins(arrays: PanelArrays, geometry: Geometry, train_ends: np.ndarray) -> np.ndarray:
    """Return the rows where training windows begin their forecast; all of it lies in the training part."""
    past = max(geometry.context, geometry.num_lags)
    parts = []
    for start, end in zip(arrays.starts, train_ends, strict=True):
        last = end - geometry.horizon
        parts.append(np.arange(start + min(past, last), start + last + 1))
    origins = with_truth(arrays, np.concatenate(parts), geometry)
    if len(origins) <= _MAX_TRAINING_WINDOWS:
        return origins
    kept = np.random.default_rng(0).choice(len(origins), _MAX_TRAINING_WINDOWS, replace=False)
    return origins[np.sort(kept)]


def validation_origins(arrays: PanelArrays, geometry: Geometry, splits: tuple[TimeSplit, ...]) -> np.ndarray:
    """Return windows spread over the validation part, at every place in the season."""
    spans = [
        np.arange(start + split.train_end, start + split.validation_end - geometry.horizon + 1)
        for start, split in zip(arrays.starts, splits, strict=True)
    ]
    stride = max(1, sum(map(len, spans)) // _MAX_VALIDATION_WINDOWS)
    while gcd(stride, geometry.season) != 1:
        stride += 1
    return with_truth(arrays, np.concatenate([span[::stride] for span in spans]), geometry)


def scoring_origins(
    arrays: PanelArrays, geometry: Geometry, begins: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Return one origin per horizon from step `begins[s]` of each series on, all truth before `ends[s]`."""
    spans = [
        np.arange(start + begin, start + end - geometry.horizon + 1, geometry.horizon)
        for start, begin, end in zip(arrays.starts, begins, ends, strict=True)
    ]
    return np.concatenate(spans)


def with_truth(arrays: PanelArrays, origins: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Leave out windows without a single observed value to forecast."""
    observed = np.concatenate([[0], np.isfinite(arrays.target).cumsum()])
    return origins[observed[origins + geometry.horizon] > observed[origins]]
