"""What is kept of one series while its rows come in one by one: as much as a window reads, and no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from elman.data import Frequency
from elman.data.stamps import stamp_texts
from elman.data.steps import stamps_at
from elman.errors import DataError
from elman.tasks.forecast.stream_scale import RunningScale

Cell = float | bool | str | None
Row = tuple[Cell, ...]
"""The target, then the covariates."""

MOST_STEPS_AHEAD = 100_000
"""A stray stamp, years ahead, would make every later row late."""


@dataclass
class SeriesBuffer:
    """The last rows of a series, and the future that was given for it.

    Args:
        frequency: the grid.
        start: (1,) a stamp of the grid; positions are counted from it.
        num_kept: how many rows of the past a window may read.
        season: the shortest season in steps.
        num_columns: of a row.
    """

    frequency: Frequency
    start: pl.Series
    num_kept: int
    season: int
    num_columns: int
    num_steps: int = 0
    """Steps from the first observed target to the last."""
    last: int | None = None
    """The position of the last observed target."""
    newest: pl.Series | None = None
    """The stamp of the last row."""
    ever_missing: set[int] = field(default_factory=set)
    """Columns that a step of the past lacked."""
    scale: RunningScale = field(default_factory=RunningScale)
    is_forecast: bool = False
    """Whether the steps after the last observed target were forecast."""

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.past: deque[Row] = deque(maxlen=self.num_kept)
        self.future: dict[int, Row] = {}

    def place(self, stamp: pl.Series) -> int:
        """Return the position of a stamp.

        Raises:
            DataError: it is off the grid, or not after the last observed target, or years ahead.
        """
        positions, is_on_grid = self.frequency.positions(stamp, self.start)
        position, text = int(positions[0]), stamp_texts(stamp)[0]
        if not is_on_grid[0]:
            raise DataError(f"{text} is off the grid of {self.frequency.every} that its series stands on.")
        if self.last is not None and position <= self.last:
            raise DataError(f"{text} comes too late: {self._last_text()} of its series was observed before.")
        if abs(position - (self.last or 0)) > MOST_STEPS_AHEAD:
            raise DataError(
                f"{text} is more than {MOST_STEPS_AHEAD:,} steps of {self.frequency.every} from the last row."
            )
        return position

    def put(self, position: int, row: Row) -> bool:
        """Take in a row; return whether it was an observation.

        A step may come again as long as its target was not observed: cells that are not empty replace
        what was said before.
        """
        before = self.future.get(position)
        if before is not None:
            row = tuple(old if new is None else new for old, new in zip(before, row, strict=True))
        if row[0] is None:
            self.future[position] = row
            return False
        self._observe(position, row)
        return True

    def _observe(self, position: int, row: Row) -> None:
        if self.last is None:
            # A series begins with its first observed target.
            self.future = {at: cells for at, cells in self.future.items() if at >= position}
        for at in range(position if self.last is None else self.last + 1, position):
            self._append(self.future.pop(at, self._empty))
        self.future.pop(position, None)
        self._append(row)
        self.last, self.is_forecast = position, False

    def _append(self, row: Row) -> None:
        before = self.past[-self.season][0] if len(self.past) >= self.season else None
        self.scale.add(_as_float(row[0]), _as_float(before))
        self.past.append(row)
        self.num_steps += 1
        self.ever_missing |= {at for at, cell in enumerate(row) if cell is None}

    def first_missing(self, column: int, num_steps: int) -> int | None:
        """Return the first of the next steps, from 1, for which a column has no value."""
        last = self.last or 0
        steps = range(1, num_steps + 1)
        return next((at for at in steps if self.future.get(last + at, self._empty)[column] is None), None)

    def frame(self, time: str, schema: dict[str, type[pl.DataType]], num_after: int) -> pl.DataFrame:
        """Return the kept rows of the past and the given ones of the `num_after` steps after it."""
        last = self.last or 0
        end = max((at for at in range(1, num_after + 1) if last + at in self.future), default=0)
        rows = [*self.past, *(self.future.get(last + at, self._empty) for at in range(1, end + 1))]
        times = self.stamps(range(last + 1 - len(self.past), last + end + 1))
        cells = zip(*rows, strict=True)
        columns = [
            pl.Series(name, list(values), dtype=dtype)
            for (name, dtype), values in zip(schema.items(), cells, strict=True)
        ]
        return pl.DataFrame([times.alias(time), *columns])

    def stamps(self, positions: Sequence[int]) -> pl.Series:
        """Return the stamps at positions."""
        grid, starts = self.frequency, self.start.new_from_index(0, len(positions))
        return stamps_at(starts, pl.Series(positions, dtype=pl.Int64), grid.count, grid.unit, grid.day)

    def _last_text(self) -> str:
        return stamp_texts(self.stamps([self.last or 0]))[0]

    @property
    def _empty(self) -> Row:
        return (None,) * self.num_columns


def _as_float(cell: Cell) -> float | None:
    return None if cell is None else float(cell)
