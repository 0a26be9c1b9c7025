"""A table as one or more series on a regular grid, with everything odd about it said."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from elman.data.columns import Columns
from elman.data.duplicates import check_duplicates
from elman.data.findings import Finding
from elman.data.frequency import Frequency
from elman.data.gridding import cut_into_series, place_on_grid
from elman.data.inspection import inspect_columns, inspect_lengths, inspect_zone
from elman.data.rows import order_rows, select_rows
from elman.data.text_stamps import day_month_order
from elman.data.trimming import trim_rows
from elman.data.values import clean_values
from elman.data.zones import place_in_zone


@dataclass(frozen=True)
class Series:
    """One series on its regular grid.

    Args:
        name: its name; None if the table holds one series only.
        frame: (T) rows: time, target (Float64), known and past covariates, under their own names;
            null where nothing was observed. The target of trailing rows may be null: they are the
            future for which known covariates were supplied.
        num_observed: rows up to and including the last observed target.
    """

    name: str | None
    frame: pl.DataFrame
    num_observed: int


@dataclass(frozen=True)
class Panel:
    """The series of a table, and what was found out about them.

    Args:
        columns: which column plays which part.
        frequency: the distance between two steps of every series.
        series: at least one, in natural order of their names.
        findings: what was odd, and what was done about it.
        time_format: how its stamps were read, where that was said or only all of them together show it.
    """

    columns: Columns
    frequency: Frequency
    series: tuple[Series, ...]
    findings: tuple[Finding, ...]
    time_format: str | None = None


def build_panel(
    frame: pl.DataFrame,
    columns: Columns,
    *,
    frequency: str | None = None,
    time_zone: str | None = None,
    time_format: str | None = None,
) -> Panel:
    """Put a table's rows on a regular grid, one series after the other.

    Rows are sorted. Gaps become rows of nulls. No value is ever filled in, NaN and infinity become
    null, and everything done is said in `Panel.findings`.

    Args:
        frame: the table, as `read_table` returns it.
        columns: which column plays which part.
        frequency: the distance of steps, such as "30m"; None infers it.
        time_zone: where the series live, such as "Europe/Berlin": stamps with a zone are converted
            to it, stamps without are taken as its local time. None leaves the stamps as they are.
        time_format: how to read stamps that are text or numbers: as in `strptime`, or "day-first",
            "month-first", "epoch-s", "epoch-ms"; None recognises common formats.

    Raises:
        ColumnError: a column is absent or of a type that cannot play its part.
        DataError: stamps are missing, duplicate, unreadable or off the grid, or no target was observed.
        OptionError: `frequency`, `time_zone` or `time_format` is not a legal one.

    Example:
        >>> table = pl.DataFrame({"t": [1, 2, 4], "y": [1.0, 2.0, 3.0]})
        >>> panel = build_panel(table, Columns(time="t", target="y"))
        >>> panel.series[0].frame["y"].to_list(), panel.findings[0].kind
        ([1.0, 2.0, None, 3.0], 'gap')
    """
    columns.check(frame)
    findings: list[Finding] = []
    rows = select_rows(frame, columns, findings)
    rows = clean_values(rows, columns, findings)
    time_format = time_format or day_month_order(rows[columns.time])
    rows = place_in_zone(rows, columns, time_zone, time_format, findings)
    rows = order_rows(rows, columns, findings)
    check_duplicates(rows, frame, columns)
    rows = trim_rows(rows, columns, findings)
    rows, grid = place_on_grid(rows, columns, frequency, findings)
    inspect_columns(rows, columns, findings)
    series = tuple(
        Series(name, part, _num_observed(part[columns.target]))
        for name, part in cut_into_series(rows, columns, grid)
    )
    inspect_lengths([one.num_observed for one in series], findings)
    if time_zone is None:
        inspect_zone(rows[columns.time], grid, findings)
    return Panel(columns, grid, series, tuple(findings), time_format)


def _num_observed(target: pl.Series) -> int:
    observed = target.is_not_null().arg_true()
    return int(observed[-1]) + 1 if len(observed) else 0
