"""Scores of forecasts, and a table that puts them beside the baselines'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from elman.tasks.forecast.quantiles import centre_of
from elman.tasks.results import ScoreRow, ScoreTable

_BETTER = 0.005
"""Share by which one MASE must be smaller than another to be called better."""


def quantile_column(level: float) -> str:
    """Return the name of the column that holds a quantile: "q0.1"."""
    return f"q{level:g}"


def score_forecasts(
    forecasts: pl.DataFrame,
    levels: Sequence[float],
    scales: Mapping[str | None, float],
    *,
    model: str,
    baselines: Sequence[str],
    part: str,
) -> ScoreTable:
    """Score a network and its baselines on the same origins and steps.

    MASE and sMAPE are averaged within each series and then over series; MAE and RMSE over all steps.
    A step whose truth is missing counts for nobody.

    Args:
        forecasts: columns `series`, `origin`, `target`, one per quantile and one per baseline.
        levels: quantiles, ascending.
        scales: series -> error of the seasonal naive forecast before the part, the unit of MASE.
        model: the network's name in the table.
        baselines: names of the baselines' columns.
        part: "validation" or "test".
    """
    scored = forecasts.filter(pl.col("target").is_not_null())
    names = [quantile_column(level) for level in levels]
    quantiles = scored.select(names).to_numpy()
    rows = [ScoreRow(model, _metrics(scored, quantiles, levels, scales), is_baseline=False)]
    for baseline in baselines:
        point = scored[baseline].to_numpy()
        same = np.repeat(point[:, None], len(levels), axis=1)
        metrics = _metrics(scored, same, levels, scales)
        metrics = {name: None if name.startswith("coverage") else value for name, value in metrics.items()}
        rows.append(ScoreRow(baseline, metrics, is_baseline=True))
    num_origins = forecasts.select("series", "origin").n_unique()
    return ScoreTable(part, rows, num_origins, _verdict(rows))


def _metrics(
    scored: pl.DataFrame, quantiles: np.ndarray, levels: Sequence[float], scales: Mapping[str | None, float]
) -> dict[str, float | None]:
    truth = scored["target"].to_numpy()
    series = scored["series"].to_list()
    point = quantiles[:, centre_of(tuple(levels))]
    error = np.abs(truth - point)
    size = np.abs(truth) + np.abs(point)
    scale = np.array([scales.get(name, float("nan")) for name in series])
    relative = np.where(size > 0, 200 * error / np.where(size > 0, size, 1), 0.0)
    metrics: dict[str, float | None] = {
        "MASE": _mean_of_series(series, error / scale),
        "sMAPE": _mean_of_series(series, relative),
        "MAE": _finite(error.mean() if len(error) else np.nan),
        "RMSE": _finite(np.sqrt((error**2).mean()) if len(error) else np.nan),
        "WQL": _weighted_quantile_loss(truth, quantiles, levels),
    }
    pair = _widest_band(levels)
    if pair:
        low, high = pair
        inside = (truth >= quantiles[:, low]) & (truth <= quantiles[:, high])
        share = inside.mean() if len(inside) else np.nan
        metrics[f"coverage {levels[high] - levels[low]:.0%}"] = _finite(share)
    return metrics


def _widest_band(levels: Sequence[float]) -> tuple[int, int] | None:
    """Return the places of the outermost two levels that lie at the same distance from the median."""
    pairs = [(low, high) for low in range(len(levels)) for high in range(low + 1, len(levels))]
    return next((pair for pair in pairs if np.isclose(levels[pair[0]], 1 - levels[pair[1]])), None)


def _mean_of_series(series: Sequence[str | None], values: np.ndarray) -> float | None:
    frame = pl.DataFrame({"series": pl.Series(series, dtype=pl.String), "value": values})
    means = frame.filter(pl.col("value").is_finite()).group_by("series").agg(pl.col("value").mean())
    return _finite(means["value"].mean())


def _weighted_quantile_loss(
    truth: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]
) -> float | None:
    difference = truth[:, None] - quantiles
    level = np.asarray(levels)
    loss = np.maximum(level * difference, (level - 1) * difference).sum(axis=0)
    total = np.abs(truth).sum()
    return _finite(2 * loss.mean() / total) if total > 0 else None


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, float | np.floating) and np.isfinite(value) else None


def _verdict(rows: Sequence[ScoreRow]) -> list[str]:
    """Say in words who wins, by MASE or, where that does not exist, by MAE."""
    metric = "MASE" if all(row.metrics["MASE"] is not None for row in rows) else "MAE"
    values = {row.model: row.metrics[metric] for row in rows}
    ours, our_value = rows[0].model, values[rows[0].model]
    if our_value is None:
        return ["Nothing could be scored: no truth was observed."]
    beaten, better, level = [], [], []
    for name, value in list(values.items())[1:]:
        if value is None:
            continue
        if our_value < value * (1 - _BETTER):
            beaten.append(f"{name} ({_reduction(our_value, value)} lower {metric})")
        elif value < our_value * (1 - _BETTER):
            better.append(f"{name} ({metric} {value:.3g} against {our_value:.3g})")
        else:
            level.append(name)
    verdict = []
    if better:
        verdict.append(
            f"{_listed(better)} {'forecasts' if len(better) == 1 else 'forecast'} better than {ours}."
        )
    if beaten:
        verdict.append(f"{ours} beats {_listed(beaten)}.")
    if level:
        verdict.append(f"{_listed([ours, *level])} are level.")
    return verdict


def _reduction(ours: float, theirs: float) -> str:
    return f"{1 - ours / theirs:.0%}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
