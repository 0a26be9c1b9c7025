"""What a user says of the future when asking for a forecast, and what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl

from elman.data import Columns, CovariateEncoder, Panel, Series
from elman.data.encoders import is_observed
from elman.data.wording import count
from elman.errors import DataError


def append_future(table: pl.DataFrame, future: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Put the rows of the future after the past; they need no target and no past covariates.

    Raises:
        DataError: the future lacks a column, repeats steps of the past, or its types do not fit the past's.
    """
    needed = [name for name in (columns.time, columns.series, *columns.known) if name]
    missing = [name for name in needed if name not in future.columns]
    if missing:
        there = ", ".join(future.columns)
        raise DataError(f"The table of the future lacks the column {missing[0]!r}; it has {there}.")
    _refuse_overlap(table, future, [name for name in (columns.time, columns.series) if name])
    used = [name for name in table.columns if name in future.columns and name != columns.target]
    try:
        return pl.concat([table, future.select(used)], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"The tables of the past and of the future do not fit together: {error}.") from error


def _refuse_overlap(table: pl.DataFrame, future: pl.DataFrame, keys: list[str]) -> None:
    if any(name not in table.columns or table[name].dtype != future[name].dtype for name in keys):
        return  # what does not fit together is refused later
    repeated = future.join(table, on=keys, how="semi")
    if repeated.height:
        repeat = "repeats" if repeated.height == 1 else "repeat"
        raise DataError(
            f"{count(repeated.height, 'row')} of the future {repeat} a step of the past, the first at "
            f"{repeated[keys[0]].min()}: give each step in one of the two tables."
        )


def require_future(panel: Panel, known: CovariateEncoder, horizon: int) -> None:
    """Make sure that known covariates are known at every step to forecast.

    A covariate that had missing values in training may lack them here, too: the network has learned
    what to do then. So may a text that the past before the forecast lacks now and then.

    Raises:
        DataError: one is missing; the message names the first step that lacks it.
    """
    for one in panel.series:
        past = one.frame.head(one.num_observed)
        names = [encoder.name for encoder in known.numeric if not encoder.has_indicator]
        names += [encoder.name for encoder in known.text if is_observed(past[encoder.name]).all()]
        for name in names:
            _require_column(one, name, panel, horizon)


def _require_column(one: Series, name: str, panel: Panel, horizon: int) -> None:
    present = is_observed(one.frame[name].slice(one.num_observed, horizon))
    if len(present) == horizon and present.all():
        return
    at = len(present) if present.all() else int(np.argmin(present))
    last = one.frame[panel.columns.time].slice(one.num_observed - 1, 1)
    stamp = panel.frequency.following(last, horizon)[at]
    whose = "" if one.name is None else f" of series {one.name!r}"
    raise DataError(
        f"The known covariate {name!r}{whose} has no value at {stamp}, one of the {horizon} steps to "
        f"forecast. Give its future as rows after the last {panel.columns.target!r}, or in a table of its "
        "own (future=..., --future)."
    )
