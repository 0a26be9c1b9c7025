"""Forecasts that need no network: the least that a network must beat."""

from __future__ import annotations

import numpy as np

from elman.tasks.forecast.arrays import PanelArrays
from elman.tasks.forecast.windows import Geometry

_SEASONS_BACK = 4


def last_value(arrays: PanelArrays, origins: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return (N, H): the last value observed before the origin, at every step.

    There is one: a series begins with an observed value.
    """
    rows = np.arange(len(arrays.target))
    reached = np.maximum.accumulate(np.where(np.isfinite(arrays.target), rows, -1))[origins - 1]
    return np.repeat(arrays.target[reached][:, None], geometry.horizon, axis=1)


def seasonal_naive(arrays: PanelArrays, origins: np.ndarray, geometry: Geometry, season: int) -> np.ndarray:
    """Return (N, H): the value one season before each step, or where missing the one before that.

    The last value observed stands where four seasons back nothing was.
    """
    forecast = np.full((len(origins), geometry.horizon), np.nan)
    first_row = arrays.starts[arrays.owner[origins]][:, None]
    steps = np.arange(geometry.horizon)
    for back in range(_SEASONS_BACK):
        rows = origins[:, None] + steps - season * (steps // season + 1 + back)
        found = np.where(rows >= first_row, arrays.target[np.maximum(rows, 0)], np.nan)
        forecast = np.where(np.isfinite(forecast), forecast, found)
    return np.where(np.isfinite(forecast), forecast, last_value(arrays, origins, geometry))
