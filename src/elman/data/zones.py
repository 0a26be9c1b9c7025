"""The time column, read and placed in the zone where the series live."""

from __future__ import annotations

from difflib import get_close_matches
from zoneinfo import available_timezones

import polars as pl

from elman.data.columns import Columns
from elman.data.findings import Finding
from elman.data.rows import ROW, SERIES
from elman.data.stamps import read_times, stamp_texts
from elman.data.steps import from_local, zone_of
from elman.errors import DataError, OptionError


def place_in_zone(
    rows: pl.DataFrame,
    columns: Columns,
    time_zone: str | None,
    time_format: str | None,
    findings: list[Finding],
) -> pl.DataFrame:
    """Read the time column and, given a zone, convert its stamps to it or take them as its local time.

    Raises:
        OptionError: there is no such zone.
        DataError: a stamp cannot be read, or its local time does not exist in the zone.
    """
    times, found = read_times(rows[columns.time], time_format, rows[ROW])
    findings += found
    if time_zone is not None:
        _check_zone(time_zone)
        if zone_of(times):
            times = times.dt.convert_time_zone(time_zone)
        elif isinstance(times.dtype, pl.Datetime):
            times = _localise(rows[SERIES], times, time_zone, findings)
    return rows.with_columns(times.alias(columns.time))


def _check_zone(name: str) -> None:
    try:
        pl.Series([], dtype=pl.Datetime).dt.replace_time_zone(name)
    except (TypeError, pl.exceptions.PolarsError) as error:
        close = get_close_matches(str(name), sorted(available_timezones()), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise OptionError(
            f"There is no time zone {name!r}; use a name such as 'Europe/Berlin'.{hint}"
        ) from error


def _localise(series: pl.Series, local: pl.Series, zone: str, findings: list[Finding]) -> pl.Series:
    if (local - local.dt.truncate("1d")).n_unique() == 1:
        return from_local(local, zone)  # one time of day: these are days, and a day always exists
    earliest = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    _check_existence(local, earliest, zone)
    latest = local.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    if (earliest == latest).all():
        return earliest
    return _tell_apart(
        pl.DataFrame({SERIES: series, "local": local, "earliest": earliest, "latest": latest}), findings
    )


def _check_existence(local: pl.Series, stamps: pl.Series, zone: str) -> None:
    skipped = local.filter(stamps.is_null())
    if len(skipped):
        raise DataError(
            f"{len(skipped):,} time stamps do not exist in {zone}, where the clock was set forward: "
            f"{', '.join(stamp_texts(skipped, 3))}. If they are in standard time all year, leave time_zone "
            "out or name a zone without summer time, such as 'Etc/GMT-1' (one hour ahead of UTC)."
        )


def _tell_apart(frame: pl.DataFrame, findings: list[Finding]) -> pl.Series:
    """Take the first of two equal local times as the earlier, where the clock shows an hour twice."""
    is_twice = pl.col("earliest") != pl.col("latest")
    is_second = is_twice & (pl.int_range(pl.len()).over(SERIES, "local") == 1)
    frame = frame.with_columns(
        pl.when(is_second).then("latest").otherwise("earliest").alias("stamp"), is_second.alias("second")
    )
    _check_file_order(frame)
    texts = stamp_texts(frame.filter(is_twice)["local"].unique(maintain_order=True))
    message = (
        f"Local times such as {texts[0]} occur twice when the clock is set back; the first in the table is "
        "taken as the earlier, and one that stands alone too."
    )
    findings.append(Finding("clock_change", message, examples=texts))
    return frame["stamp"]


def _check_file_order(frame: pl.DataFrame) -> None:
    with_second = frame.filter(pl.col("second").any().over(SERIES))
    steps = with_second.select(pl.col("stamp").diff().over(SERIES)).to_series()
    if (steps < pl.Series([0]).cast(pl.Duration("us"))).any():
        texts = stamp_texts(with_second.filter("second")["local"], 3)
        raise DataError(
            f"The clock was set back at {', '.join(texts)}, and the table is not in order of time, so the "
            "two stamps cannot be told apart; sort it, or write stamps with their offset from UTC."
        )
