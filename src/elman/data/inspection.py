"""What a person should know about the columns and the series of a panel."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.frequency import Frequency
from elman.data.rows import SERIES, series_in
from elman.data.steps import zone_of
from elman.data.wording import only, severity_of

_MANY_CATEGORIES = 200


def inspect_columns(rows: pl.DataFrame, columns: Columns, findings: list[Finding]) -> None:
    """Report missing values, constant columns, and text that is odd, on the rows of the table."""
    place = pl.int_range(pl.len())
    is_past = place <= place.filter(pl.col(columns.target).is_not_null()).max()
    observed = rows.filter(rows.select(is_past.over(SERIES)).to_series())
    for name in (columns.target, *columns.past):
        _report_missing(observed, name, columns, findings)
    for name in columns.known:
        _report_missing(rows, name, columns, findings)
    _report_constant_target(observed, columns, findings)
    for name in columns.covariates:
        _report_constant(rows[name], findings)
        if rows[name].dtype == pl.String:
            _report_text(rows[name], findings)


def inspect_lengths(lengths: Sequence[int], findings: list[Finding]) -> None:
    """Report series with unequal numbers of observed steps."""
    if min(lengths) < max(lengths):
        message = f"The {len(lengths):,} series have {min(lengths):,} to {max(lengths):,} observed steps."
        findings.append(Finding("unequal", message))


def inspect_zone(times: pl.Series, grid: Frequency, findings: list[Finding]) -> None:
    """Report stamps in UTC on a grid finer than a day, where local time would say more."""
    if zone_of(times) == "UTC" and grid.is_subdaily:
        message = (
            "Time stamps are in UTC, and so is the calendar given to the network; pass time_zone= "
            "(--time-zone) for the local time that people live by."
        )
        findings.append(Finding("time_zone", message, column=times.name))


def _report_missing(rows: pl.DataFrame, name: str, columns: Columns, findings: list[Finding]) -> None:
    missing = rows.filter(pl.col(name).is_null())
    if missing.height == 0:
        return
    share, names = missing.height / rows.height, series_in(missing, columns)
    where = f" in {len(names):,} series" if names else ""
    handled = "masked" if name == columns.target else "shown to the network as missing"
    message = (
        f"{name!r}: {missing.height:,} of {rows.height:,} values are missing ({share:.2%}){where}; they are "
        f"{handled}, not filled."
    )
    findings.append(Finding("missing", message, severity_of(share), name, only(names), names[:5]))


def _report_constant_target(observed: pl.DataFrame, columns: Columns, findings: list[Finding]) -> None:
    target = pl.col(columns.target)
    extremes = [target.min().alias("min"), target.max().alias("max")]
    ranges = observed.group_by(SERIES, maintain_order=True).agg(extremes)
    constant = ranges.filter(pl.col("min") == pl.col("max"))
    if constant.height == 0:
        return
    names = series_in(constant, columns)
    where = f" in {len(names):,} series, such as {names[0]!r}" if names else ""
    message = f"The target {columns.target!r} is constant{where}: there is nothing to learn from it."
    findings.append(Finding("constant", message, "warning", columns.target, only(names), names[:5]))


def _report_constant(column: pl.Series, findings: list[Finding]) -> None:
    values = column.drop_nulls().unique()
    if len(values) <= 1:
        where = "wherever it is known" if column.null_count() else "in every row"
        what = f"is {values[0]!r} {where}" if len(values) else "has no value at all"
        message = f"{column.name!r} {what}: it tells the network nothing."
        findings.append(Finding("constant", message, "warning", column=column.name))


def _report_text(column: pl.Series, findings: list[Finding]) -> None:
    values = column.drop_nulls().unique(maintain_order=True)
    words = values.filter(values.cast(pl.Float64, strict=False).is_null())
    if len(values) > 2 and len(words) < len(values) / 2:
        examples = words.head(5).to_list()
        remedy = f"remove {', '.join(map(repr, examples))}" if examples else "convert it"
        message = (
            f"{column.name!r} is taken as text, but most of its values are numbers; {remedy} to use them so."
        )
        findings.append(Finding("text", message, "warning", column.name, examples=examples))
    elif len(values) > _MANY_CATEGORIES:
        message = f"{column.name!r} has {len(values):,} different texts; a network learns little about each."
        findings.append(Finding("text", message, "warning", column.name, examples=values.head(5).to_list()))
