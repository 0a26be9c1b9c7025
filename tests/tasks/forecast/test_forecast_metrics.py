"""Scores and verdicts against examples computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from elman.tasks.forecast.metrics import score_forecasts
from elman.tasks.forecast.windows import naive_error
from elman.tasks.results import ScoreTable


def scored(
    truth: Sequence[float | None],
    ours: Sequence[float],
    *,
    scales: dict[Any, float] | None = None,
    series: list[str] | None = None,
    bands: tuple[Sequence[float], Sequence[float]] | None = None,
    **baselines: Any,
) -> ScoreTable:
    bands = bands or ([value - 1 for value in ours], [value + 1 for value in ours])
    frame = pl.DataFrame(
        {
            "series": pl.Series(series or [None] * len(truth), dtype=pl.String),
            "origin": [0] * len(truth),
            "target": pl.Series(truth, dtype=pl.Float64),
            "q0.1": bands[0],
            "q0.5": ours,
            "q0.9": bands[1],
            **baselines,
        }
    )
    return score_forecasts(
        frame,
        (0.1, 0.5, 0.9),
        scales or {None: 2.0},
        model="net",
        baselines=list(baselines),
        part="test",
    )


def test_scores_by_hand():
    table = scored(
        [10, 20, 0, 4], [12, 16, 0, 4], bands=([9, 18, -1, 5], [15, 20, 1, 6]), last=[10, 10, 10, 10]
    )
    ours, last = (row.metrics for row in table.rows)
    assert ours["MAE"] == pytest.approx((2 + 4 + 0 + 0) / 4)
    assert ours["RMSE"] == pytest.approx(np.sqrt((4 + 16) / 4))
    assert ours["MASE"] == pytest.approx(1.5 / 2)
    # 200 |y - f| / (|y| + |f|), 0 where both are 0
    assert ours["sMAPE"] == pytest.approx((200 * 2 / 22 + 200 * 4 / 36 + 0 + 0) / 4)
    assert ours["coverage 80%"] == pytest.approx(3 / 4)
    low = 0.1 * (10 - 9) + 0.1 * (20 - 18) + 0.1 * (0 + 1) + 0.9 * (5 - 4)
    middle = 0.5 * (2 + 4)
    high = 0.1 * (15 - 10) + 0 + 0.1 * 1 + 0.1 * 2
    assert ours["WQL"] == pytest.approx(2 * (low + middle + high) / 3 / 34)
    assert last["MAE"] == pytest.approx((0 + 10 + 10 + 6) / 4)
    assert last["coverage 80%"] is None
    # A point forecast is the same at every level: its loss is half of its absolute error.
    assert last["WQL"] == pytest.approx(
        2 * ((0.1 + 0.5 + 0.9) * 10 + (0.9 + 0.5 + 0.1) * 10 + (0.9 + 0.5 + 0.1) * 6) / 3 / 34
    )


def test_mase_and_smape_are_means_over_series_of_means():
    table = scored(
        [1, 1, 1, 10],
        [2, 2, 2, 15],
        series=["a", "a", "a", "b"],
        scales={"a": 1.0, "b": 10.0},
        last=[1, 1, 1, 10],
    )
    metrics = table.rows[0].metrics
    assert metrics["MASE"] == pytest.approx((1 + 0.5) / 2)
    assert metrics["sMAPE"] == pytest.approx((200 / 3 + 200 * 5 / 25) / 2)
    assert metrics["MAE"] == pytest.approx((3 + 5) / 4)


def test_a_missing_truth_counts_for_nobody():
    whole = scored([1, 5], [2, 4], last=[0, 0])
    gappy = scored([1, None, 5], [2, 10**9, 4], last=[0, -(10**9), 0])
    assert gappy.rows == whole.rows


def test_a_series_without_a_unit_is_left_out_of_mase_alone():
    table = scored([1, 7], [2, 9], series=["a", "b"], scales={"a": 1.0, "b": float("nan")}, last=[1, 7])
    assert table.rows[0].metrics["MASE"] == pytest.approx(1.0)
    assert table.rows[0].metrics["MAE"] == pytest.approx(1.5)


def test_nothing_observed_is_said():
    table = scored([None, None], [1, 2], last=[1, 2])
    assert set(table.rows[0].metrics.values()) == {None}
    assert table.verdict == ["Nothing could be scored: no truth was observed."]


def test_a_truth_of_zeros_has_no_weighted_loss():
    metrics = scored([0, 0], [1, 1], last=[0, 0]).rows[0].metrics
    assert metrics["WQL"] is None
    assert metrics["sMAPE"] == pytest.approx(200)


def test_the_unit_of_mase_by_hand():
    values = np.array([1.0, 2.0, 4.0, 4.0, np.nan, 7.0])
    assert naive_error(values, 1) == pytest.approx((1 + 2 + 0) / 3)
    assert naive_error(values, 2) == pytest.approx((3 + 2 + 3) / 3)
    assert np.isnan(naive_error(values, 6))
    assert np.isnan(naive_error(np.ones(5), 1))


def verdict(ours: float, **others: float) -> list[str]:
    """Let every forecast err by these amounts."""
    baselines: dict[str, Any] = {name: [10 + error] for name, error in others.items()}
    return list(scored([10.0], [10 + ours], **baselines).verdict)


def test_verdicts_in_words():
    assert verdict(1, last=2) == ["net beats last (50% lower MASE)."]
    assert verdict(1, last=2, ridge=4) == ["net beats last (50% lower MASE) and ridge (75% lower MASE)."]
    assert verdict(1, a=2, b=2, c=4) == [
        "net beats a (50% lower MASE), b (50% lower MASE) and c (75% lower MASE)."
    ]
    assert verdict(2, last=1) == ["last (MASE 0.5 against 1) forecasts better than net."]
    assert verdict(2, last=1, ridge=0) == [
        "last (MASE 0.5 against 1) and ridge (MASE 0 against 1) forecast better than net."
    ]
    assert verdict(1, last=1) == ["net and last are level."]
    assert verdict(1, last=1, ridge=1.004) == ["net, last and ridge are level."]
    assert verdict(0, last=0) == ["net and last are level."]
    assert verdict(1, last=0.5, ridge=1, naive=2) == [
        "last (MASE 0.25 against 0.5) forecasts better than net.",
        "net beats naive (50% lower MASE).",
        "net and ridge are level.",
    ]


def test_half_a_percent_is_level():
    assert verdict(1, last=1.00502) == ["net and last are level."]
    assert verdict(1, last=1.0051) == ["net beats last (1% lower MASE)."]


def test_without_a_unit_the_verdict_goes_by_mae():
    table = scored([1], [2], scales={None: float("nan")}, last=[3])
    assert table.verdict == ["net beats last (50% lower MAE)."]
