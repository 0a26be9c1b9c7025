"""A table as a panel: on a grid of its own for a fit, on that of the training afterwards."""

from __future__ import annotations

from typing import Any

import polars as pl

from elman.data import Columns, Panel, build_panel, read_table
from elman.errors import DataError, OptionError
from elman.tasks.forecast.arrays import InputEncoder
from elman.tasks.forecast.options import ForecastOptions

_MIN_ROWS_OF_GRID = 6
"""Rows that show a grid of their own, and not one with gaps."""


def read_rows(source: Any, columns: Columns, options: ForecastOptions) -> pl.DataFrame:
    """Read a table as `read_table` does; stamps with a format of their own stay as they are written.

    Args:
        source: a path or a table in memory.
        columns: which column is what.
        options: the encoding and the format of time stamps.

    Raises:
        DataError: the table cannot be read.
    """
    texts = () if options.time_format is None else (columns.time,)
    return read_table(source, encoding=options.encoding, texts=texts)


def read_panel(
    table: pl.DataFrame,
    columns: Columns,
    options: ForecastOptions,
    every: str | None = None,
    time_format: str | None = None,
) -> Panel:
    """Read a table.

    Args:
        table: its rows.
        columns: which column is what.
        options: the time zone, and the frequency and the format of time stamps if they were named.
        every: distance of two steps, which comes before that of the options.
        time_format: which comes before that of the options, too.

    Raises:
        DataError: the table cannot be used.
    """
    return build_panel(
        table,
        columns,
        frequency=every or options.frequency,
        time_zone=options.time_zone,
        time_format=time_format or options.time_format,
    )


def read_panel_like(encoder: InputEncoder, table: pl.DataFrame, options: ForecastOptions) -> Panel:
    """Read a table on the grid of training, its stamps as those of training were read.

    Args:
        encoder: of the training.
        table: its rows.
        options: as for `read_panel`.

    Raises:
        DataError: the table cannot be used, or its rows stand on another grid.
    """
    try:
        panel = read_panel(table, encoder.columns, options, encoder.frequency.every, encoder.time_format)
    except (DataError, OptionError) as error:
        _require_grid(encoder, table, options, error)
        raise
    if table.height >= _MIN_ROWS_OF_GRID and any(finding.kind == "gap" for finding in panel.findings):
        _require_grid(encoder, table, options, None)
    return panel


def _require_grid(
    encoder: InputEncoder, table: pl.DataFrame, options: ForecastOptions, cause: Exception | None
) -> None:
    """Refuse a table whose rows show another grid; one that was named is taken as it is."""
    if options.frequency:
        return
    try:
        own = read_panel(table, encoder.columns, options, None, encoder.time_format).frequency.every
    except (DataError, OptionError):
        return
    if own != encoder.frequency.every:
        raise DataError(
            f"The rows of this table are {own} apart, but the forecaster was fitted on steps of "
            f"{encoder.frequency.every}."
        ) from cause
