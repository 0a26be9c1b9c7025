"""The calendar as inputs: what time of day, of week and of year a step is."""

from __future__ import annotations

import numpy as np
import polars as pl

from elman.data.frequency import Frequency
from elman.data.steps import MICROSECONDS, MONTHS, to_local

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_QUARTERS = ("quarter 1", "quarter 2", "quarter 3", "quarter 4")
_NUM_HARMONICS = 2

_Features = list[tuple[str, np.ndarray]]


def calendar_features(times: pl.Series, frequency: Frequency) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the calendar features that make sense at this frequency.

    Steps of a minute or less get the place in the hour, steps below a day the place in the day,
    daily and finer steps the day of the week, monthly steps the month, quarterly steps the quarter,
    and all but quarterly and yearly ones the place in the year. Integers get nothing.
    All of it in the local time of the stamps.

    Args:
        times: (T,) integers, dates or time stamps.
        frequency: the grid that they stand on.

    Returns:
        The F names, and (T, F) float32 values in [-1, 1].

    Example:
        >>> from datetime import date
        >>> names, values = calendar_features(pl.Series([date(2024, 1, 1)]), Frequency.of("1q"))
        >>> names[0], values.tolist()
        ('quarter 1', [[1.0, 0.0, 0.0, 0.0]])
    """
    features: _Features = [] if frequency.unit == "i" else _features(to_local(times), frequency)
    names = tuple(name for name, _ in features)
    values = np.empty((len(times), len(features)), dtype=np.float32)
    for at, (_, column) in enumerate(features):
        values[:, at] = column
    return names, values


def _features(local: pl.Series, frequency: Frequency) -> _Features:
    step = frequency.step_microseconds
    if step is None:
        return _of_months(local, frequency.count * MONTHS[frequency.unit])
    features: _Features = []
    for word, unit, longest in (("minute", "m", "s"), ("hour", "h", "m"), ("day", "d", "h")):
        if step <= MICROSECONDS[longest] or (unit == "d" and frequency.is_subdaily):
            features += _harmonics(word, _share_of(local, MICROSECONDS[unit]))
    if step < MICROSECONDS["w"]:
        features += _one_hot(_WEEKDAYS, local.dt.weekday())
    return features + _harmonics("year", _share_of_year(local))


def _of_months(local: pl.Series, num_months: int) -> _Features:
    if num_months == 1:
        return _one_hot(_MONTH_NAMES, local.dt.month()) + _harmonics("year", _share_of_year(local))
    if num_months == 3:
        return _one_hot(_QUARTERS, local.dt.quarter())
    return _harmonics("year", _share_of_year(local)) if num_months < 12 else []


def _share_of(local: pl.Series, length: int) -> np.ndarray:
    """Return how much of the current minute, hour or day has gone by, in [0, 1)."""
    return local.cast(pl.Datetime("us")).to_physical().to_numpy() % length / length


def _share_of_year(local: pl.Series) -> np.ndarray:
    days = local.dt.ordinal_day().to_numpy() - 1.0 + _share_of(local, MICROSECONDS["d"])
    return days / np.where(local.dt.is_leap_year().to_numpy(), 366.0, 365.0)


def _harmonics(word: str, share: np.ndarray) -> _Features:
    features: _Features = []
    for number in range(1, _NUM_HARMONICS + 1):
        angle = 2.0 * np.pi * number * share
        features.append((f"time of {word} (sine {number})", np.sin(angle)))
        features.append((f"time of {word} (cosine {number})", np.cos(angle)))
    return features


def _one_hot(names: tuple[str, ...], numbers: pl.Series) -> _Features:
    """Return one column a name; `numbers` count from 1."""
    values = numbers.to_numpy()
    return [(name, values == at) for at, name in enumerate(names, start=1)]
