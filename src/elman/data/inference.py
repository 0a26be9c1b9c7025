"""Find the step of a regular grid from time stamps with gaps, out of order, of several series."""

from __future__ import annotations

import numpy as np
import polars as pl

from elman.data.steps import MICROSECONDS, day_numbers, from_local, month_numbers, to_local, zone_of
from elman.data.wording import times_of
from elman.errors import DataError

# Any stamps have a greatest common divisor; it is their grid if it fills this share of its steps with rows,
_LEAST_FILLED = 0.25
# or if it is the most common distance, and at least this common.
_LEAST_COMMON = 0.5
# A divisor that hardly any distance needs comes from strays beside a coarser grid.
_LEAST_NEEDED = 0.1


def regular_step(times: pl.Series, series: pl.Series | None = None) -> tuple[str, int | None]:
    """Return the step as a duration, and the day of the month if it is a matter of months.

    Tries months, then local days, then absolute time, and takes the first that explains the stamps.

    Raises:
        DataError: nothing does.
    """
    frame = _sorted(times, series)
    if frame.height == frame["series"].n_unique():
        raise DataError(
            "One time stamp per series shows no distance between steps; pass frequency=, such as '1d'."
        )
    found = (
        _integers(frame) if times.dtype.is_integer() else _months(frame) or _days(frame) or _absolute(frame)
    )
    if found is None:
        raise DataError(_no_grid(frame))
    return found


def _sorted(times: pl.Series, series: pl.Series | None) -> pl.DataFrame:
    names = pl.repeat(0, len(times), eager=True) if series is None else series
    if isinstance(times.dtype, pl.Datetime):
        times = times.dt.cast_time_unit("us")
    return pl.DataFrame({"series": names, "time": times}).unique().sort("series", "time")


def _integers(frame: pl.DataFrame) -> tuple[str, None] | None:
    step = _common_step(frame, frame["time"])
    return None if step is None else (f"{step}i", None)


def _months(frame: pl.DataFrame) -> tuple[str, int] | None:
    day = fixed_day(frame["time"])
    if day is None or not _has_one_time_of_day(frame["time"]):
        return None
    step = _common_step(frame, month_numbers(frame["time"]))
    if step is None:
        return None
    return (f"{step}mo", day)


def _days(frame: pl.DataFrame) -> tuple[str, None] | None:
    if not _has_one_time_of_day(frame["time"]):
        return None
    step = _common_step(frame, day_numbers(frame["time"]))
    return None if step is None else (f"{step}d", None)


def _absolute(frame: pl.DataFrame) -> tuple[str, None] | None:
    step = _common_step(frame, frame["time"].cast(pl.Datetime("us")).to_physical())
    if step is None or step % MICROSECONDS["ms"]:
        return None
    unit = next(unit for unit in ("h", "m", "s", "ms") if step % MICROSECONDS[unit] == 0)
    return f"{step // MICROSECONDS[unit]}{unit}", None


def _common_step(frame: pl.DataFrame, numbers: pl.Series) -> int | None:
    """Return the greatest step that all distances are multiples of, if it explains them well."""
    distances = _distances(frame, numbers)
    if distances.min() == 0:
        return None
    step, usual = int(np.gcd.reduce(distances)), _most_common(distances)
    is_filled = len(distances) >= _LEAST_FILLED * distances.sum() / step
    if step == usual:
        return step if is_filled or np.mean(distances == usual) >= _LEAST_COMMON else None
    is_needed = np.mean(distances % usual != 0) >= _LEAST_NEEDED
    return step if is_filled and is_needed else None


def _distances(frame: pl.DataFrame, numbers: pl.Series) -> np.ndarray:
    """Return the distances between neighbours of the same series."""
    same = frame["series"].to_numpy()[1:] == frame["series"].to_numpy()[:-1]
    return np.diff(numbers.to_numpy())[same]


def _most_common(distances: np.ndarray) -> int:
    values, counts = np.unique(distances, return_counts=True)
    return int(values[counts.argmax()])


def fixed_day(times: pl.Series) -> int | None:
    """Return the one day of the month that all stamps stand on, 31 for the last; None if there is none."""
    local = to_local(times)
    days, last_days = local.dt.day(), local.dt.month_end().dt.day()
    if (days == last_days).all():
        return 31
    wanted = int(days.max())  # pyright: ignore[reportArgumentType]
    expected = pl.DataFrame({"last": last_days}).select(pl.min_horizontal("last", pl.lit(wanted, pl.Int8)))
    return wanted if (days == expected.to_series()).all() else None


def _has_one_time_of_day(times: pl.Series) -> bool:
    """Return whether a wall clock shows the same time at all stamps, but for hours that it skips."""
    if times.dtype == pl.Date:
        return True
    local, zone = to_local(times), zone_of(times)
    midnights = local.dt.truncate("1d")
    clock = _most_common((local - midnights).to_physical().to_numpy())
    expected = midnights + pl.Series([clock]).cast(pl.Duration("us"))
    return bool(((from_local(expected, zone) if zone else expected) == times).all())


def _no_grid(frame: pl.DataFrame) -> str:
    times = frame["time"].cast(pl.Datetime("us")) if frame["time"].dtype == pl.Date else frame["time"]
    values, counts = np.unique(_distances(frame, times.to_physical()), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:4]
    shown = ", ".join(f"{_as_text(times, int(values[at]))} ({times_of(int(counts[at]))})" for at in order)
    return (
        f"The time stamps stand on no regular grid; the most common distances are {shown}. Resample the "
        "table, or pass frequency= and remove the stamps that it names as off the grid."
    )


def _as_text(times: pl.Series, distance: int) -> str:
    if times.dtype.is_integer():
        return f"{distance}"
    return str(pl.Series([distance]).cast(pl.Duration("us")).dt.to_string("polars")[0])
