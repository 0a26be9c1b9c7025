"""Arithmetic of time stamps on a regular grid: integers, absolute time, local days and local months.

Days and months are counted on the local calendar: a daily grid in a zone with summer time has days
of 23 and 25 hours. Everything finer is counted in absolute time.
"""

from __future__ import annotations

import polars as pl

MICROSECONDS = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 7 * 86_400_000_000,
}
MONTHS = {"mo": 1, "q": 3, "y": 12}


def stamps_at(starts: pl.Series, positions: pl.Series, count: int, unit: str, day: int | None) -> pl.Series:
    """Return the time stamps that lie `positions` steps of `count` `unit`s after `starts`.

    Args:
        starts: (T,) integers, dates or time stamps, with or without zone.
        positions: (T,) integers.
        count: how many units make a step.
        unit: "i" (integers), "ms", "s", "m", "h", "d", "w", "mo", "q" or "y".
        day: day of the month of a monthly grid, 31 for its last; None keeps the start's.
    """
    steps = positions * count
    if unit == "i":
        return starts + steps
    if unit in MONTHS:
        return _on_local_clock(starts, lambda local: _add_months(local, steps * MONTHS[unit], day))
    if unit in ("d", "w"):
        return _on_local_clock(starts, lambda local: local + _microseconds(steps * MICROSECONDS[unit]))
    return starts + _microseconds(steps * MICROSECONDS[unit])


def positions_of(times: pl.Series, starts: pl.Series, count: int, unit: str) -> pl.Series:
    """Return how many whole steps of `count` `unit`s lie between `starts` and `times`.

    This is the inverse of `stamps_at` for stamps on the grid, and some step nearby for others.
    """
    if unit == "i":
        return (times - starts) // count
    if unit in MONTHS:
        return (month_numbers(times) - month_numbers(starts)) // (MONTHS[unit] * count)
    if unit in ("d", "w"):
        return (day_numbers(times) - day_numbers(starts)) // (count * (7 if unit == "w" else 1))
    distance = times.cast(pl.Datetime("us")).to_physical() - starts.cast(pl.Datetime("us")).to_physical()
    return distance // (MICROSECONDS[unit] * count)


def month_numbers(times: pl.Series) -> pl.Series:
    """Return (T,) the local months since the year 0."""
    return times.dt.year().cast(pl.Int64) * 12 + times.dt.month().cast(pl.Int64) - 1


def day_numbers(times: pl.Series) -> pl.Series:
    """Return (T,) the local days since 1970."""
    return to_local(times).cast(pl.Date).to_physical().cast(pl.Int64)


def to_local(times: pl.Series) -> pl.Series:
    """Return what a wall clock shows: stamps without their zone."""
    return times.dt.replace_time_zone(None) if zone_of(times) else times


def zone_of(times: pl.Series) -> str | None:
    """Return the time zone of a column, None for a column of anything without one."""
    return times.dtype.time_zone if isinstance(times.dtype, pl.Datetime) else None


def from_local(local: pl.Series, zone: str) -> pl.Series:
    """Return wall clock times as stamps in `zone`.

    Of the two hours that a clock shows twice, the first is taken; in the hour that it skips, the time
    is moved on by an hour, as a clock would be.
    """
    stamps = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if stamps.null_count() == local.null_count():
        return stamps
    moved = local + _microseconds(pl.Series([MICROSECONDS["h"]]))
    return stamps.fill_null(moved.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"))


def _on_local_clock(starts: pl.Series, move) -> pl.Series:
    zone = zone_of(starts)
    moved = move(to_local(starts))
    return from_local(moved, zone) if zone else moved


def _add_months(local: pl.Series, months: pl.Series, day: int | None) -> pl.Series:
    frame = pl.DataFrame({"local": local, "months": months.cast(pl.String) + "mo"})
    first = pl.col("local").dt.month_start().dt.offset_by(pl.col("months"))
    wanted = pl.col("local").dt.day() if day is None else pl.lit(day, pl.Int8)
    last = first.dt.month_end().dt.day()
    days = pl.min_horizontal(wanted, last).cast(pl.Int64) - 1
    return frame.select((first + pl.duration(days=days)).cast(local.dtype).alias(local.name)).to_series()


def _microseconds(counts: pl.Series) -> pl.Series:
    return counts.cast(pl.Duration("us"))
