"""The network learns what a straight line cannot, and does no harm where there is nothing to learn."""

from __future__ import annotations

import time
from datetime import timedelta

import numpy as np
import polars as pl
from forecast_tables import START, plain_table

from elman.tasks import Forecaster, ForecastOptions
from elman.training import TrainingOptions


def mae_of(forecaster: Forecaster) -> dict[str, float]:
    return {row.model: row.metrics["MAE"] or float("nan") for row in forecaster.evaluate().rows}


def test_a_nonlinear_dependence_on_a_known_covariate():
    """Heating and cooling: what is used grows with the distance from zero degrees, more so by day."""
    rng = np.random.default_rng(0)
    steps = np.arange(24 * 90)
    heat = np.cumsum(rng.normal(size=len(steps)))
    heat = 3 * (heat - np.convolve(heat, np.ones(49) / 49, mode="same"))
    by_day = 1 + 0.8 * np.sin(2 * np.pi * steps / 24)
    used = np.abs(heat) * by_day + 0.1 * rng.normal(size=len(steps))
    table = pl.DataFrame(
        {"time": [START + timedelta(hours=int(step)) for step in steps], "y": used, "heat": heat}
    )
    training = TrainingOptions(num_steps=400, evaluate_every=50, learning_rate=1e-2)
    options = ForecastOptions(
        hidden_size=24,
        dropout=0.0,
        batch_size=32,
        cell="gru",
        context=24,
        validation=240,
        test=240,
        training=training,
    )
    forecaster = Forecaster(horizon=12, time="time", target="y", known=["heat"], options=options)
    begin = time.process_time()
    forecaster.fit(table)
    seconds = time.process_time() - begin
    mae = mae_of(forecaster)
    ours = mae.pop(forecaster.name)
    assert all(ours < 0.7 * other for other in mae.values()), (ours, mae)
    assert seconds < 20


def test_pure_noise_is_not_learned():
    ratios = []
    for seed in range(3):
        table = plain_table(np.random.default_rng(seed).normal(size=700))
        training = TrainingOptions(num_steps=60, evaluate_every=20)
        options = ForecastOptions(hidden_size=8, batch_size=16, validation=120, test=120, training=training)
        forecaster = Forecaster(horizon=6, time="time", target="y", options=options).fit(table)
        mae = mae_of(forecaster)
        ours = mae.pop(forecaster.name)
        ratios.append(ours / min(mae.values()))
    assert max(ratios) < 1.1


def test_bands_hold_the_share_of_truths_that_they_claim():
    """Noise whose spread changes with a known covariate: both the shape and the coverage are right."""
    rng = np.random.default_rng(0)
    loud = np.arange(1500) // 10 % 2 == 0
    table = plain_table(np.where(loud, 3.0, 0.3) * rng.normal(size=1500), loud=loud)
    training = TrainingOptions(num_steps=250, evaluate_every=50, learning_rate=1e-2)
    options = ForecastOptions(
        hidden_size=8, batch_size=32, context=4, dropout=0.0, validation=250, test=250, training=training
    )
    forecaster = Forecaster(horizon=5, time="time", target="y", known=["loud"], options=options).fit(table)
    coverage = forecaster.evaluate().rows[0].metrics["coverage 80%"]
    assert coverage is not None
    assert 0.72 < coverage < 0.88
    forecast = forecaster.backtest().join(table.select("time", "loud"), on="time")
    width = forecast.group_by("loud").agg((pl.col("q0.9") - pl.col("q0.1")).mean().alias("width"))
    widths = dict(width.iter_rows())
    assert widths[True] > 4 * widths[False]
