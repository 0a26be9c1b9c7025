"""The regular grid that a table's time stamps stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from elman.data.durations import natural_seasons, parse_duration
from elman.data.inference import regular_step
from elman.data.steps import MICROSECONDS, MONTHS, positions_of, stamps_at
from elman.errors import OptionError


@dataclass(frozen=True)
class Frequency:
    """The distance between two time steps, and the seasons that this distance makes natural.

    Daily and coarser grids step on the local calendar (a day of 23 hours is one step); finer grids
    step in absolute time.

    Args:
        every: a polars duration: "30m", "1h", "1d", "1w", "1mo", "1q", "1y"; "1i" for integers.
        seasons: natural season lengths in steps, shortest first.
        day: for a monthly grid, the day of the month it stands on; 31 is each month's last.

    Example:
        >>> Frequency.of("30m").seasons
        (48, 336)
    """

    every: str
    seasons: tuple[int, ...]
    day: int | None = None

    @classmethod
    def of(cls, every: str, day: int | None = None) -> Frequency:
        """Return the frequency with its natural seasons.

        Raises:
            OptionError: `every` is no duration such as "30m".
        """
        count, unit = parse_duration(every)
        return cls(f"{count}{unit}", natural_seasons(count, unit), day)

    @property
    def count(self) -> int:
        """How many units make a step: 30 for "30m"."""
        return parse_duration(self.every)[0]

    @property
    def unit(self) -> str:
        """The unit of `every`: "i", "ms", "s", "m", "h", "d", "w", "mo", "q" or "y"."""
        return parse_duration(self.every)[1]

    @property
    def step_microseconds(self) -> int | None:
        """A step's length, on the local calendar for days and weeks; None for months and integers."""
        length = MICROSECONDS.get(self.unit)
        return None if length is None else length * self.count

    @property
    def is_subdaily(self) -> bool:
        """True if a step is shorter than a day."""
        return self.step_microseconds is not None and self.step_microseconds < MICROSECONDS["d"]

    def season_word(self, season: int) -> str:
        """Say how long a season of so many steps is: "1 day", or "5 steps" where it is no natural length.

        Example:
            >>> Frequency.of("30m").season_word(336)
            '1 week'
        """
        months = MONTHS.get(self.unit)
        step = self.step_microseconds
        length, units = (step, MICROSECONDS) if months is None else (self.count * months, MONTHS)
        if length is not None:
            for word, unit in (("year", "y"), ("week", "w"), ("day", "d"), ("hour", "h"), ("minute", "m")):
                if unit in units and units[unit] == length * season:
                    return f"1 {word}"
        return f"{season} steps"

    def grid(self, start: datetime | date | int | pl.Series, num_steps: int) -> pl.Series:
        """Return the first `num_steps` time stamps of the grid that begins at `start`.

        Args:
            start: the first stamp; a series of one stamp keeps its exact type and zone.
            num_steps: how many stamps, the first included.

        Returns:
            (num_steps,) stamps, in the zone of `start`.
        """
        first = start if isinstance(start, pl.Series) else _one_stamp(start)
        starts = first.new_from_index(0, num_steps)
        return stamps_at(starts, pl.Series(range(num_steps), dtype=pl.Int64), self.count, self.unit, self.day)

    def following(self, last: pl.Series | datetime | date | int, num_steps: int) -> pl.Series:
        """Return the `num_steps` time stamps that come after `last`: the future of a series."""
        return self.grid(last, num_steps + 1).slice(1)

    def steps_in(self, duration: str) -> int:
        """Return how many steps make a duration such as "56d"; its days are days of the local calendar.

        Raises:
            OptionError: `duration` is none, or no whole number of steps.
        """
        count, unit = parse_duration(duration)
        for units in (MICROSECONDS, MONTHS, {"i": 1}):
            if unit in units and self.unit in units:
                steps, rest = divmod(count * units[unit], self.count * units[self.unit])
                if rest == 0:
                    return steps
        raise OptionError(
            f"{duration!r} is no whole number of steps of {self.every}; give a number of steps."
        )

    def positions(self, times: pl.Series, starts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Return each stamp's number of steps after its start, and whether it stands on the grid.

        Args:
            times: (T,) stamps.
            starts: (T,) for each, the first stamp of its grid.

        Returns:
            (T,) integers and (T,) booleans.
        """
        positions = positions_of(times, starts, self.count, self.unit)
        return positions, stamps_at(starts, positions, self.count, self.unit, self.day) == times


def infer_frequency(times: pl.Series, series: pl.Series | None = None) -> Frequency:
    """Find the grid that explains time stamps, however many are missing or out of order.

    Args:
        times: (T,) integers, dates or time stamps without nulls.
        series: (T,) which series each stamp belongs to, if there are several.

    Raises:
        DataError: no regular grid explains the stamps; the message shows the most common distances.
    """
    every, day = regular_step(times, series)
    return Frequency.of(every, day)


def _one_stamp(start: datetime | date | int) -> pl.Series:
    """Return a series of one stamp, in the zone of `start`; in UTC if it has an offset but no zone."""
    if not isinstance(start, datetime) or start.tzinfo is None:
        return pl.Series([start])
    stamp = pl.Series([start.astimezone(UTC).replace(tzinfo=None)]).dt.replace_time_zone("UTC")
    return stamp.dt.convert_time_zone(getattr(start.tzinfo, "key", "UTC"))
