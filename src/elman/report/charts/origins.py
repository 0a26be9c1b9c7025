"""Which of a series' many forecasts are drawn: spread over time, the best, typical and worst among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from elman.report.formatting import finite
from elman.report.sampling import spread


@dataclass(frozen=True)
class Origin:
    """One forecast of one series.

    Args:
        time: time stamp of the last observed step.
        rows: the forecast, one row per step of the horizon.
        error: mean absolute error of the median over the horizon, `None` without any truth.
        remark: "best of 56", "typical of 56" or "worst of 56" if it is, else "".
    """

    time: Any
    rows: pl.DataFrame
    error: float | None
    remark: str = ""


def origins_to_draw(rows: pl.DataFrame, median: str, amount: int) -> list[Origin]:
    """Choose about `amount` forecasts of one series, in the order of time.

    A choice by eye shows the good ones. These are spread evenly over the test part, and the one with
    the smallest, the middle and the largest error are always among them and say so.

    Args:
        rows: all forecasts of the series.
        median: name of the column of the point forecast.
        amount: how many to choose; the three marked ones come on top.
    """
    errors = (
        rows.group_by("origin")
        .agg((pl.col("target") - pl.col(median)).abs().fill_nan(None).mean().alias("error"))
        .sort("origin")
    )
    times, sizes = errors["origin"].to_list(), [finite(error) for error in errors["error"]]
    remarks = _remarks(sizes)
    chosen = sorted({*spread(len(times), amount), *remarks})
    return [
        Origin(times[i], rows.filter(pl.col("origin") == times[i]).sort("step"), sizes[i], remarks.get(i, ""))
        for i in chosen
    ]


def _remarks(errors: Sequence[float | None]) -> dict[int, str]:
    ranked = sorted((error, index) for index, error in enumerate(errors) if error is not None)
    if len(ranked) < 3:
        return {}
    places = {"best": 0, "typical": len(ranked) // 2, "worst": -1}
    return {ranked[place][1]: f"{remark} of {len(errors)}" for remark, place in places.items()}
