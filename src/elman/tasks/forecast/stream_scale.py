"""The scale of a series that grows."""

from __future__ import annotations

from dataclasses import dataclass

from elman.tasks.forecast.windows import scale_from


@dataclass
class RunningScale:
    """The scale of a series that training never saw, from all that was observed of it.

    Reference:
        Welford (1962). Note on a method for calculating corrected sums of squares and products.
        Technometrics.
    """

    number: int = 0
    mean: float = 0.0
    squares: float = 0.0
    naive_number: int = 0
    naive_sum: float = 0.0

    def add(self, value: float | None, season_before: float | None) -> None:
        """Take in the next value, and the one of a season before."""
        if value is None:
            return
        self.number += 1
        distance = value - self.mean
        self.mean += distance / self.number
        self.squares += distance * (value - self.mean)
        if season_before is not None:
            self.naive_number += 1
            self.naive_sum += abs(value - season_before)

    def measure(self, kind: str) -> tuple[float, float]:
        """Return the location and the scale, as `Scaling` takes them from a whole series."""
        naive = self.naive_sum / self.naive_number if kind == "naive" and self.naive_sum else float("nan")
        return self.mean, scale_from(self.mean, (self.squares / self.number) ** 0.5, naive)
