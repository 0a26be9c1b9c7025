"""Time stamps that occur twice in a series."""

from __future__ import annotations

import polars as pl

from elman.data.columns import Columns
from elman.data.rows import SERIES, has_row_before
from elman.data.stamps import stamp_texts
from elman.data.wording import count
from elman.errors import DataError


def check_duplicates(ordered: pl.DataFrame, table: pl.DataFrame, columns: Columns) -> None:
    """Check that no series has two rows with the same time stamp.

    Args:
        ordered: the rows, in order of series and time.
        table: the table that they come from, to look for a column that tells series apart.
        columns: which column plays which part.

    Raises:
        DataError: one has; the message names the first time stamps, and what may be wrong.
    """
    time = pl.col(columns.time)
    repeats = ordered.filter(has_row_before(), time == time.shift())
    if repeats.height == 0:
        return
    shown = repeats.unique([SERIES, columns.time], maintain_order=True).head(3)
    stamps = stamp_texts(shown[columns.time])
    if columns.series is not None:
        stamps = [f"{stamp} of series {name!r}" for stamp, name in zip(stamps, shown[SERIES], strict=True)]
    raise DataError(
        f"{count(repeats.height, 'row')} {'repeats' if repeats.height == 1 else 'repeat'} the time stamp of "
        f"another row: {', '.join(stamps)}. {_remedy(table, columns)}"
    )


def _remedy(table: pl.DataFrame, columns: Columns) -> str:
    remedy = "Average or drop the repeats first"
    if columns.series is None:
        remedy += "; if the table stacks several series, name the column that tells them apart as `series`"
        found = _telling_column(table, columns)
        remedy += f", such as {found!r}" if found else ""
    return remedy + "; if a clock was set back there, pass time_zone= (--time-zone)."


def _telling_column(table: pl.DataFrame, columns: Columns) -> str | None:
    """Return a column that is not in use, and with which no time stamp occurs twice."""
    for name, dtype in table.schema.items():
        if name in columns.names or not (dtype.is_integer() or dtype == pl.String):
            continue
        is_coarse = 1 < table[name].n_unique() <= table.height / 2
        if is_coarse and not table.select(columns.time, name).is_duplicated().any():
            return name
    return None
