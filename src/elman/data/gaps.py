"""Steps of a grid that have no row."""

from __future__ import annotations

from typing import Any

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.frequency import Frequency
from elman.data.rows import SERIES, series_in
from elman.data.stamps import stamp_texts
from elman.data.wording import count, only, severity_of
from elman.errors import DataError

POSITION = "__position__"  # the row's step on the grid of its series, from 0

# A stray time stamp of 1970 in a table of minutes would ask for millions of empty rows.
_MOST_STEPS_PER_ROW = 20
_FEW_STEPS = 100_000


def report_gaps(placed: pl.DataFrame, columns: Columns, grid: Frequency, findings: list[Finding]) -> None:
    """Report how many steps have no row, and the largest gap.

    Args:
        placed: rows with their `POSITION`, in order of series and time.
        columns: which column plays which part.
        grid: the grid of the positions.
        findings: where the finding goes.

    Raises:
        DataError: so many rows are lacking that a time stamp or the frequency must be wrong.
    """
    lacking = placed.select(
        SERIES,
        (pl.col(POSITION).diff() - 1).over(SERIES).fill_null(0).alias("lacking"),
        pl.col(columns.time).shift().over(SERIES).alias("before"),
    )
    gaps = lacking.filter(pl.col("lacking") > 0)
    if gaps.height == 0:
        return
    num_lacking = int(gaps["lacking"].sum())
    largest = gaps.row(int(gaps["lacking"].arg_max() or 0), named=True)
    _check_size(placed.height, num_lacking, largest, grid)
    findings.append(_finding(gaps, num_lacking / (placed.height + num_lacking), largest, columns, grid))


def _check_size(num_rows: int, num_lacking: int, largest: dict[str, Any], grid: Frequency) -> None:
    num_steps = num_rows + num_lacking
    if num_steps > max(_FEW_STEPS, _MOST_STEPS_PER_ROW * num_rows):
        raise DataError(
            f"{num_rows:,} rows stretch over {num_steps:,} steps of {grid.every}, {largest['lacking']:,} of "
            f"them missing after {_text(largest['before'])}: correct the time stamps there, or pass another "
            "frequency=."
        )


def _finding(
    gaps: pl.DataFrame, share: float, largest: dict[str, Any], columns: Columns, grid: Frequency
) -> Finding:
    where = "" if columns.series is None else f" of series {largest[SERIES]!r}"
    lacking, most = count(int(gaps["lacking"].sum()), "step"), count(largest["lacking"], "step")
    message = (
        f"{count(gaps.height, 'gap')} in the grid of {grid.every}: {lacking} ({share:.2%}) without a row, "
        f"the largest gap {most} after {_text(largest['before'])}{where}; they are masked, not filled."
    )
    examples = tuple(f"after {text}" for text in stamp_texts(gaps["before"]))
    series = only(series_in(gaps, columns))
    return Finding("gap", message, severity_of(share), columns.time, series, examples)


def _text(stamp: Any) -> str:
    return stamp_texts(pl.Series([stamp]))[0]
