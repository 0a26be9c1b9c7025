"""What a person should know about the columns and the series of a panel."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.frequency import Frequency
from elman.data.rows import SERIES
from elman.data.steps import zone_of

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


def inspect_panel(
    lengths: Sequence[int], times: pl.Series, columns: Columns, grid: Frequency, findings: list[Finding]
) -> None:
    """Report series of unequal length, and stamps in UTC whose local time would say more."""
    if min(lengths) < max(lengths):
        message = f"The {len(lengths):,} series have {min(lengths):,} to {max(lengths):,} observed steps."
        findings.append(Finding("unequal", message))
    if zone_of(times) == "UTC" and grid.is_subdaily:
        message = (
            "Time stamps are in UTC, and so is the calendar given to the network; pass time_zone= for the "
            "local time that people live by."
        )
        findings.append(Finding("time_zone", message, column=columns.time))


def _report_missing(rows: pl.DataFrame, name: str, columns: Columns, findings: list[Finding]) -> None:
    num_missing = rows[name].null_count()
    if num_missing == 0:
        return
    share = num_missing / rows.height
    concerned = (
        rows.filter(pl.col(name).is_null())[SERIES].unique(maintain_order=True).cast(pl.String).to_list()
    )
    where = "" if columns.series is None else f" in {len(concerned):,} series"
    is_target = name == columns.target
    handled = (
        "they are masked, not filled" if is_target else "the network is told where, and they are not filled"
    )
    message = (
        f"{name!r}: {num_missing:,} of {rows.height:,} values are missing ({share:.2%}){where}; {handled}."
    )
    only = concerned[0] if columns.series is not None and len(concerned) == 1 else None
    severity = "warning" if share > 0.05 else "note"
    findings.append(
        Finding("missing", message, severity, name, only, concerned[:5] if columns.series else ())
    )


def _report_constant_target(observed: pl.DataFrame, columns: Columns, findings: list[Finding]) -> None:
    target = pl.col(columns.target)
    ranges = observed.group_by(SERIES, maintain_order=True).agg(
        target.min().alias("min"), target.max().alias("max")
    )
    names = ranges.filter(pl.col("min") == pl.col("max"))[SERIES].cast(pl.String).to_list()
    if not names:
        return
    where = "" if columns.series is None else f" in {len(names):,} series, such as {names[0]!r}"
    message = f"The target {columns.target!r} is constant{where}: there is nothing to learn from it."
    only = names[0] if columns.series is not None and len(names) == 1 else None
    examples = names[:5] if columns.series else ()
    findings.append(Finding("constant", message, "warning", columns.target, only, examples))


def _report_constant(column: pl.Series, findings: list[Finding]) -> None:
    values = column.drop_nulls().unique()
    if len(values) <= 1:
        where = "wherever it is known" if column.null_count() else "in every row"
        what = f"is {values[0]!r} {where}" if len(values) else "has no value at all"
        message = f"{column.name!r} {what}: it tells the network nothing."
        findings.append(Finding("constant", message, "warning", column=column.name))


def _report_text(column: pl.Series, findings: list[Finding]) -> None:
    values = column.drop_nulls().unique(maintain_order=True)
    is_word = values.cast(pl.Float64, strict=False).is_null()
    if len(values) > 2 and is_word.mean() < 0.5:  # pyright: ignore[reportOptionalOperand, reportOperatorIssue]
        words = values.filter(is_word).head(5).to_list()
        message = (
            f"{column.name!r} is taken as text although most of its values are numbers; remove "
            f"{', '.join(map(repr, words))} to have it as numbers."
        )
        findings.append(Finding("text", message, "warning", column.name, examples=words))
    elif len(values) > _MANY_CATEGORIES:
        message = f"{column.name!r} has {len(values):,} different texts; a network learns little about each."
        findings.append(Finding("text", message, "warning", column.name, examples=values.head(5).to_list()))
