"""A panel as flat arrays: every series one after the other, each with room around it.

A window is then a range of rows, whatever series it belongs to. The rows before a series' first step
and after its last hold nothing: their target and covariates are missing, their calendar is real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
        calendar: names of the calendar features that the training part is long enough to learn from.
        time_format: how the stamps of the training table were read; see `Panel`.
    """

    columns: Columns
    frequency: Frequency
    known: CovariateEncoder
    past: CovariateEncoder
    calendar: tuple[str, ...]
    time_format: str | None = None

    @classmethod
    def fit(cls, panel: Panel, train_ends: Sequence[int]) -> InputEncoder:
        """Learn from the first `train_ends[s]` rows of each series s."""
        training = [one.frame.head(end) for one, end in zip(panel.series, train_ends, strict=True)]
        return cls(
            panel.columns,
            panel.frequency,
            CovariateEncoder.fit(training, panel.columns.known),
            CovariateEncoder.fit(training, panel.columns.past),
            _learnable_calendar(panel, train_ends),
            panel.time_format,
        )

    @property
    def number_columns(self) -> list[int]:
        """Columns of `known` values that are numeric: they enter the linear branch squared, too."""
        return [at for at, one in enumerate(self.known.numeric) if isinstance(one, NumberEncoder)]

    @property
    def event_columns(self) -> list[int]:
        """Columns of `known` values that are boolean: they are also read one season ahead."""
        return [at for at, one in enumerate(self.known.numeric) if isinstance(one, BooleanEncoder)]

    def calendar_of(self, times: pl.Series) -> np.ndarray:
        """Return the calendar features of T time stamps, (T, F) float32."""
        names, values = calendar_features(times, self.frequency)
        return values[:, [names.index(name) for name in self.calendar]]

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
            "calendar": list(self.calendar),
            "time_format": self.time_format,
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
            tuple(state["calendar"]),
            state.get("time_format"),
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


_MIN_DAYS_FOR_YEAR = 548
_MIN_DAYS_FOR_WEEK = 21

_ROW_ARRAYS = ("target", "known", "past", "known_codes", "past_codes", "calendar", "phase")


def _lay_out(one: Series, encoder: InputEncoder, before: int, after: int) -> dict[str, Any]:
    columns, frequency = encoder.columns, encoder.frequency
    known, past = encoder.known.transform(one.frame), encoder.past.transform(one.frame)
    times = one.frame[columns.time]
    future = frequency.following(times.tail(1), after)
    times = pl.concat([times, future.cast(times.dtype)])
    # The calendar of the empty rows in front is never read: a window masks them.
    calendar = encoder.calendar_of(times)
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


def _learnable_calendar(panel: Panel, train_ends: Sequence[int]) -> tuple[str, ...]:
    """Leave out the place in a year (or week) that the training part has not been through.

    A straight line through a part of a sine is a trend, and a trend goes wrong behind its end.
    """
    longest = max(range(len(train_ends)), key=lambda s: train_ends[s])
    times = panel.series[longest].frame[panel.columns.time].head(train_ends[longest])
    names, _ = calendar_features(times.head(1), panel.frequency)
    if not times.dtype.is_temporal():
        return names
    span = times[-1] - times[0]

    def learnable(name: str) -> bool:
        if name.startswith("time of year"):
            return span.days >= _MIN_DAYS_FOR_YEAR
        return not name.endswith("day") or span.days >= _MIN_DAYS_FOR_WEEK

    return tuple(name for name in names if learnable(name))


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
