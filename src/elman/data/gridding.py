"""Rows on a regular grid: find it, say where rows are lacking, and cut the table into series."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.frequency import Frequency, infer_frequency
from elman.data.gaps import POSITION, report_gaps
from elman.data.inference import fixed_day
from elman.data.rows import SERIES
from elman.data.stamps import stamp_texts
from elman.data.steps import MONTHS
from elman.data.wording import count
from elman.errors import DataError, OptionError


def place_on_grid(
    rows: pl.DataFrame, columns: Columns, frequency: str | None, findings: list[Finding]
) -> tuple[pl.DataFrame, Frequency]:
    """Give each row its position on its series' grid, which begins at the series' first row.

    Raises:
        DataError: no regular grid explains the stamps, or some are off the given one.
        OptionError: `frequency` is no duration, or not one for stamps of this kind.
    """
    times = rows[columns.time]
    grid = _given(frequency, times) if frequency else infer_frequency(times, rows[SERIES])
    starts = rows.select(pl.col(columns.time).first().over(SERIES)).to_series()
    positions, is_on_grid = grid.positions(times, starts)
    if not is_on_grid.all():
        raise _off_grid(rows.filter(~is_on_grid), columns, grid)
    placed = rows.with_columns(positions.alias(POSITION))
    report_gaps(placed, columns, grid, findings)
    return placed, grid


def cut_into_series(
    placed: pl.DataFrame, columns: Columns, grid: Frequency
) -> Iterator[tuple[str | None, pl.DataFrame]]:
    """Yield each series' name and its frame of time, target and covariates, gaps as rows of nulls."""
    for part in placed.partition_by(SERIES, maintain_order=True):
        name = None if columns.series is None else str(part[SERIES][0])
        frame = part.select(columns.time, columns.target, *columns.covariates)
        yield name, _with_gaps(frame, part[POSITION], columns.time, grid)


def _with_gaps(frame: pl.DataFrame, positions: pl.Series, time: str, grid: Frequency) -> pl.DataFrame:
    num_steps = int(positions[-1]) + 1
    if num_steps == frame.height:
        return frame
    row_of = pl.repeat(None, num_steps, dtype=pl.Int64, eager=True).scatter(positions, range(frame.height))
    stamps = grid.grid(frame[time].head(1), num_steps)
    return frame.select(pl.all().gather(row_of)).with_columns(stamps.alias(time))


def _given(frequency: str, times: pl.Series) -> Frequency:
    grid = Frequency.of(frequency)
    if times.dtype.is_integer() != (grid.unit == "i"):
        is_integer = times.dtype.is_integer()
        kind = "plain integers: use 1i, 2i, ..." if is_integer else "no integers: use 1h, 1d, ..."
        raise OptionError(f"frequency={frequency!r} does not fit the time column, which holds {kind}")
    if times.dtype == pl.Date and grid.is_subdaily:
        raise OptionError(f"frequency={frequency!r} is finer than a day, but the time column holds dates.")
    return Frequency.of(frequency, fixed_day(times)) if grid.unit in MONTHS else grid


def _off_grid(off: pl.DataFrame, columns: Columns, grid: Frequency) -> DataError:
    where = "" if columns.series is None else f" (series {str(off[SERIES][0])!r})"
    whose = "its" if off.height == 1 else "their"
    return DataError(
        f"{count(off.height, 'time stamp')} off the grid of {grid.every} that begins at {whose} series' "
        f"first stamp: {', '.join(stamp_texts(off[columns.time]))}{where}. Round or remove them, or pass "
        "another frequency=."
    )
