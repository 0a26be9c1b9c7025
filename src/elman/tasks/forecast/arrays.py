"""A panel as flat arrays: every series one after the other, each with room around it.

A window is then a range of rows, whatever series it belongs to. The rows before a series' first step
and after its last hold nothing: their target and covariates are missing, their calendar is real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from elman.data import Columns, CovariateEncoder, Frequency, Panel, Series, calendar_features
from elman.data.encoders import BooleanEncoder, NumberEncoder


@dataclass(frozen=True)
class InputEncoder:
    """Everything about inputs that is learned from the training part.

    Args:
        columns: which column plays which part.
        frequency: the grid of the training table.
        known: encodes the covariates known in the future.
        past: encodes the covariates known only in the past.
    """

    columns: Columns
    frequency: Frequency
    known: CovariateEncoder
    past: CovariateEncoder

    @classmethod
    def fit(cls, panel: Panel, train_ends: Sequence[int]) -> InputEncoder:
        """Learn from the first `train_ends[s]` rows of each series s."""
        training = [one.frame.head(end) for one, end in zip(panel.series, train_ends, strict=True)]
        return cls(
            panel.columns,
            panel.frequency,
            CovariateEncoder.fit(training, panel.columns.known),
            CovariateEncoder.fit(training, panel.columns.past),
        )

    @property
    def number_columns(self) -> list[int]:
        """Columns of `known` values that are numeric: they enter the linear branch squared, too."""
        return [at for at, one in enumerate(self.known.numeric) if isinstance(one, NumberEncoder)]

    @property
    def event_columns(self) -> list[int]:
        """Columns of `known` values that are boolean: they are also read one season ahead."""
        return [at for at, one in enumerate(self.known.numeric) if isinstance(one, BooleanEncoder)]

    @property
    def num_calendar_features(self) -> int:
        """How many calendar features the frequency has."""
        stamp = pl.Series([0]) if self.frequency.unit == "i" else pl.Series([date(2024, 1, 1)])
        return len(calendar_features(stamp, self.frequency)[0])

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as values that JSON can hold."""
        columns = self.columns
        return {
            "columns": {
                "time": columns.time,
                "target": columns.target,
                "series": columns.series,
                "known": list(columns.known),
                "past": list(columns.past),
            },
            "frequency": {"every": self.frequency.every, "day": self.frequency.day},
            "known": self.known.to_dict(),
            "past": self.past.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> InputEncoder:
        """Return the encoder that `to_dict` described."""
        columns = dict(state["columns"])
        columns.update(known=tuple(columns["known"]), past=tuple(columns["past"]))
        return cls(
            Columns(**columns),
            Frequency.of(state["frequency"]["every"], state["frequency"]["day"]),
            CovariateEncoder.from_dict(state["known"]),
            CovariateEncoder.from_dict(state["past"]),
        )


@dataclass(frozen=True)
class PanelArrays:
    """All series of a panel in R rows, S series.

    Args:
        target: (R,) float64 in the target's own unit, NaN where missing.
        known: (R, K) float32, covariates known in the future, encoded; 0 where missing.
        past: (R, P) float32, covariates known only in the past.
        known_codes: (R, .) int64, text covariates known in the future; 0 where missing.
        past_codes: (R, .) int64.
        calendar: (R, F) float32.
        phase: (R,) int64, the place in the shortest season by the local clock; 0 without a season.
        starts: (S,) the row of each series' first step.
        num_steps: (S,) steps of each series, supplied future steps included.
        owner: (R,) which series a row belongs to.
        names: S names.
        times: S columns of time stamps, from each series' first step to the last row of its room.
    """

    target: np.ndarray
    known: np.ndarray
    past: np.ndarray
    known_codes: np.ndarray
    past_codes: np.ndarray
    calendar: np.ndarray
    phase: np.ndarray
    starts: np.ndarray
    num_steps: np.ndarray
    owner: np.ndarray
    names: tuple[str | None, ...]
    times: tuple[pl.Series, ...]

    @classmethod
    def build(cls, panel: Panel, encoder: InputEncoder, *, before: int, after: int) -> PanelArrays:
        """Lay the series out with `before` empty rows in front of each and `after` behind it."""
        parts = [_lay_out(one, encoder, before, after) for one in panel.series]
        sizes = np.array([len(part["target"]) for part in parts])
        ends = np.cumsum(sizes)
        return cls(
            **{name: np.concatenate([part[name] for part in parts]) for name in _ROW_ARRAYS},
            starts=ends - sizes + before,
            num_steps=np.array([one.frame.height for one in panel.series]),
            owner=np.repeat(np.arange(len(parts)), sizes),
            names=tuple(one.name for one in panel.series),
            times=tuple(part["times"] for part in parts),
        )

    def time_of(self, row: int) -> Any:
        """Return the time stamp of a row at or after its series' first step."""
        owner = self.owner[row]
        return self.times[owner][int(row - self.starts[owner])]


_ROW_ARRAYS = ("target", "known", "past", "known_codes", "past_codes", "calendar", "phase")


def _lay_out(one: Series, encoder: InputEncoder, before: int, after: int) -> dict[str, Any]:
    columns, frequency = encoder.columns, encoder.frequency
    known, past = encoder.known.transform(one.frame), encoder.past.transform(one.frame)
    times = one.frame[columns.time]
    future = frequency.following(times.tail(1), after)
    times = pl.concat([times, future.cast(times.dtype)])
    # The calendar of the empty rows in front is never read: a window masks them.
    _, calendar = calendar_features(times, frequency)
    target = one.frame[columns.target].to_numpy().astype(np.float64)

    def surround(values: np.ndarray, after: int, empty: float = 0) -> np.ndarray:
        room = [(before, after)] + [(0, 0)] * (values.ndim - 1)
        return np.pad(values, room, constant_values=empty)

    return {
        "target": surround(target, after, np.nan),
        "known": surround(known.values, after),
        "past": surround(past.values, after),
        "known_codes": surround(known.codes, after),
        "past_codes": surround(past.codes, after),
        "calendar": surround(calendar, 0),
        "phase": surround(season_phase(times, frequency), 0),
        "times": times,
    }


def season_phase(times: pl.Series, frequency: Frequency) -> np.ndarray:
    """Return each stamp's place in the shortest season, by the local clock.

    Args:
        times: (T,) stamps on the grid.
        frequency: the grid.

    Returns:
        (T,) int64 in [0, season); zeros where the frequency has no season.
    """
    if not frequency.seasons:
        return np.zeros(len(times), dtype=np.int64)
    step = frequency.step_microseconds
    if step is None:
        months = times.dt.year().to_numpy().astype(np.int64) * 12 + times.dt.month().to_numpy() - 1
        return months // (12 // frequency.seasons[0]) % frequency.seasons[0]
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is not None:
        times = times.dt.replace_time_zone(None)
    ticks = times.cast(pl.Datetime("us")).to_physical().to_numpy()
    return ticks // step % frequency.seasons[0]
