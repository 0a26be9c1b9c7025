"""Windows into flat arrays: what one forecast sees of the past and of the known future.

A window is named by its *origin*: the row of the first step to forecast. Everything before the origin
is past; of what comes after it only the calendar and the known covariates are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.tasks.forecast.arrays import PanelArrays


@dataclass(frozen=True)
class Geometry:
    """The sizes that decide which rows a window reads.

    Args:
        context: steps the recurrent branch reads before the origin.
        horizon: steps to forecast.
        seasons: season lengths in steps, shortest first; may be empty.
        num_lags: past values the linear branch reads, and the stretch that sets a window's scale.
    """

    context: int
    horizon: int
    seasons: tuple[int, ...]
    num_lags: int

    @property
    def season(self) -> int:
        """The shortest season, or 1."""
        return self.seasons[0] if self.seasons else 1

    @property
    def lags(self) -> tuple[int, ...]:
        """For each season the shortest multiple of it that every step of the horizon can look back."""
        return tuple(season * -(-self.horizon // season) for season in self.seasons)

    @property
    def rows_before(self) -> int:
        """Rows before an origin that a window may read."""
        return max(self.context, self.num_lags, *self.lags, 1) + self.season

    @property
    def rows_after(self) -> int:
        """Rows from an origin on that a window may read."""
        return self.horizon + self.season


def past_rows(origins: np.ndarray, num_steps: int) -> np.ndarray:
    """Return (N, num_steps): the rows just before each origin, earliest first."""
    return origins[:, None] + np.arange(-num_steps, 0)


def future_rows(origins: np.ndarray, num_steps: int) -> np.ndarray:
    """Return (N, num_steps): the rows from each origin on."""
    return origins[:, None] + np.arange(num_steps)


SCALINGS = ("series", "window", "naive")

_LEAST_SHARE = 1e-3
"""Of a series' spread that a scale is at least."""


@dataclass(frozen=True)
class Scaling:
    """How the target of a window is brought to a common scale: (value - location) / scale.

    Args:
        kind: "series" takes the mean and standard deviation of each series' training part; "window"
            takes the mean and the mean absolute value of the steps just before the origin; "naive" takes
            that mean and the error of the seasonal naive forecast in the series' training part.
        locations: (S,) of each series' training part.
        scales: (S,), above 0. NaN for a series that training never saw: all that was observed of it
            before a window's origin then stands for its training part.
    """

    kind: str
    locations: np.ndarray
    scales: np.ndarray

    @classmethod
    def fit(cls, kind: str, arrays: PanelArrays, train_ends: np.ndarray, season: int) -> Scaling:
        """Learn from the first `train_ends[s]` steps of each series s.

        Args:
            kind: see the class.
            arrays: the panel.
            train_ends: (S,) steps to learn from.
            season: the shortest season in steps, or 1.
        """
        spans = zip(arrays.starts, train_ends, strict=True)
        pairs = [_measure(kind, arrays.target[start : start + end], season) for start, end in spans]
        locations, scales = (np.array(part) for part in zip(*pairs, strict=True))
        return cls(kind, locations, scales)

    def at(
        self, arrays: PanelArrays, origins: np.ndarray, geometry: Geometry
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the location and the scale of each window, (N,) and (N,)."""
        owner = arrays.owner[origins]
        location, scale = self.locations[owner], self.scales[owner]
        for at in np.flatnonzero(np.isnan(scale)):
            past = arrays.target[arrays.starts[owner[at]] : origins[at]]
            location[at], scale[at] = _measure(self.kind, past, geometry.season)
        if self.kind == "series":
            return location, scale
        recent = arrays.target[past_rows(origins, geometry.num_lags)]
        observed = np.isfinite(recent)
        count = observed.sum(axis=1)
        recent = np.where(observed, recent, 0.0)
        mean = recent.sum(axis=1) / np.maximum(count, 1)
        size = np.abs(recent).sum(axis=1) / np.maximum(count, 1)
        if self.kind == "naive":
            return np.where(count > 0, mean, location), scale
        # A window without a single observation falls back on its series' training part.
        own_size = np.where(count > 0, size, np.abs(location))
        return np.where(count > 0, mean, location), np.where(own_size > 0, own_size, scale)

    def to_dict(self) -> dict[str, Any]:
        """Return the scaling as values that JSON can hold."""
        return {"kind": self.kind, "locations": self.locations.tolist(), "scales": self.scales.tolist()}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Scaling:
        """Return the scaling that `to_dict` described."""
        return cls(state["kind"], np.array(state["locations"]), np.array(state["scales"]))


def _measure(kind: str, values: np.ndarray, season: int) -> tuple[float, float]:
    """Return the location and the scale of a stretch of a series, (T,) values, NaN where missing."""
    observed = values[np.isfinite(values)]
    if len(observed) == 0:
        return 0.0, 1.0
    location = float(observed.mean())
    naive = naive_error(values, season) if kind == "naive" else float("nan")
    return location, scale_from(location, float(observed.std()), naive)


def scale_from(location: float, deviation: float, naive: float) -> float:
    """Return the scale of a series, above 0.

    Args:
        location: the mean of what was observed.
        deviation: its standard deviation.
        naive: the error of the seasonal naive forecast; NaN leaves it out.
    """
    spread = _positive(deviation, location)
    # A season that repeats itself to the last digit leaves an error that nothing can be divided by.
    return max(naive, _LEAST_SHARE * spread) if np.isfinite(naive) else spread


def _positive(spread: float, location: float) -> float:
    """Return a scale that can be divided by: of a constant series its own size, of all zeros 1."""
    # The deviation of equal numbers may be a rounding error.
    is_constant = spread <= 1e-13 * abs(location)
    return abs(location) or 1.0 if is_constant else spread


def naive_error(values: np.ndarray, season: int) -> float:
    """Return the mean absolute error of the seasonal naive forecast inside a series, the unit of MASE.

    Args:
        values: (T,), NaN where missing.
        season: its length in steps; 1 for the last value.

    Returns:
        The error, or NaN where it is zero or nothing can be compared.

    Reference:
        Hyndman, Koehler (2006). Another look at measures of forecast accuracy. International Journal
        of Forecasting.
    """
    error = np.abs(values[season:] - values[:-season]) if len(values) > season else np.empty(0)
    error = error[np.isfinite(error)]
    return float(error.mean()) if len(error) and error.mean() > 0 else float("nan")


def scaled_past(
    arrays: PanelArrays, origins: np.ndarray, num_steps: int, location: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scaled target before each origin, (N, num_steps), and where it was observed."""
    return scaled_rows(arrays, past_rows(origins, num_steps), location, scale)


def scaled_rows(
    arrays: PanelArrays, rows: np.ndarray, location: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scaled target at (N, n) rows, 0 where missing, and where it was observed."""
    values = (arrays.target[rows] - location[:, None]) / scale[:, None]
    observed = np.isfinite(values)
    return np.where(observed, values, 0.0), observed
