"""A table as a panel: on a grid of its own for a fit, on that of the training afterwards."""

from __future__ import annotations

import polars as pl

from elman.data import Columns, Frequency, Panel, build_panel
from elman.errors import DataError, OptionError
from elman.tasks.forecast.options import ForecastOptions

_MIN_ROWS_OF_GRID = 6
"""Rows that show a grid of their own, and not one with gaps."""


def read_panel(
    table: pl.DataFrame, columns: Columns, options: ForecastOptions, every: str | None = None
) -> Panel:
    """Read a table.

    Args:
        table: its rows.
        columns: which column is what.
        options: the time zone, and the frequency if it was named.
        every: distance of two steps, which comes before that of the options.

    Raises:
        DataError: the table cannot be used.
    """
    frequency = every or options.frequency
    return build_panel(table, columns, frequency=frequency, time_zone=options.time_zone)


def read_panel_like(
    frequency: Frequency, table: pl.DataFrame, columns: Columns, options: ForecastOptions
) -> Panel:
    """Read a table on the grid of training.

    Args:
        frequency: of the training.
        table: its rows.
        columns: which column is what.
        options: as for `read_panel`.

    Raises:
        DataError: the table cannot be used, or its rows stand on another grid.
    """
    try:
        panel = read_panel(table, columns, options, frequency.every)
    except (DataError, OptionError) as error:
        _require_grid(frequency, table, columns, options, error)
        raise
    if table.height >= _MIN_ROWS_OF_GRID and any(finding.kind == "gap" for finding in panel.findings):
        _require_grid(frequency, table, columns, options, None)
    return panel


def _require_grid(
    frequency: Frequency,
    table: pl.DataFrame,
    columns: Columns,
    options: ForecastOptions,
    cause: Exception | None,
) -> None:
    """Refuse a table whose rows show another grid; one that was named is taken as it is."""
    if options.frequency:
        return
    try:
        own = read_panel(table, columns, options).frequency.every
    except (DataError, OptionError):
        return
    if own != frequency.every:
        raise DataError(
            f"The rows of this table are {own} apart, but the forecaster was fitted on steps of "
            f"{frequency.every}."
        ) from cause
