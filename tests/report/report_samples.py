"""Reports to draw in tests: small, realistic, with many series, and with hostile text everywhere."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from elman.data.findings import Finding
from elman.tasks.results import (
    CalibrationPoint,
    EvaluationRecord,
    ForecastReport,
    ScoreRow,
    ScoreTable,
    SeriesHistory,
)

NETWORK = "elman (LSTM + ridge)"
BASELINES = ("seasonal naive (1 week)", "seasonal naive (1 day)", "ridge", "last value")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
START = datetime(2012, 1, 1)
HALF_HOUR = timedelta(minutes=30)


def demand(length: int, scale: float = 1.0, seed: int = 0) -> list[float | None]:
    """Half-hourly electricity demand in MW: a day, a week, a year, and noise that remembers."""
    chance = random.Random(seed)
    values: list[float | None] = []
    noise = 0.0
    for step in range(length):
        hour, day = (step / 2) % 24, step // 48
        daily = 4500 * math.sin((hour - 9) * math.pi / 12) + 1800 * math.sin((hour - 7) * math.pi / 6)
        weekly = -3200 if day % 7 in (5, 6) else 0
        yearly = 6000 * math.cos(2 * math.pi * day / 365.25)
        noise = 0.95 * noise + chance.gauss(0, 260)
        values.append(scale * (32000 + daily + weekly + yearly + noise))
    return values


def history(name: str | None, length: int, scale: float = 1.0, seed: int = 0) -> SeriesHistory:
    values = demand(length, scale, seed)
    for start, steps in ((0.11, 0.004), (0.3, 0.00002), (0.42, 0.013), (0.61, 0.00005), (0.9, 0.002)):
        first = int(start * length)
        gap = range(first, min(length, first + max(1, int(steps * length))))
        values[first : gap.stop] = [None for _ in gap]
    times = [START + step * HALF_HOUR for step in range(length)]
    return SeriesHistory(name, times, values, int(0.8 * length), int(0.9 * length))


def forecasts(
    series: SeriesHistory,
    num_origins: int,
    horizon: int,
    quantiles: Sequence[float],
    baselines: Sequence[str],
) -> pl.DataFrame:
    chance = random.Random(len(series.values))
    room = len(series.values) - horizon - series.test_start
    rows: list[dict[str, Any]] = []
    for number in range(num_origins):
        origin = series.test_start + (number * room) // num_origins
        level = next(value for value in series.values[origin::-1] if value is not None)
        unit = level / 30_000
        bias, error = unit * chance.gauss(0, 250), 0.0
        for step in range(1, horizon + 1):
            truth = series.values[origin + step]
            level = truth if truth is not None else level
            spread = unit * (400 + 130 * math.sqrt(step))
            error = 0.9 * error + chance.gauss(0, 0.3 * spread)
            middle = level + bias * step / horizon + error
            row = {
                "series": series.name,
                "origin": series.times[origin],
                "time": series.times[origin + step],
                "step": step,
                "target": truth,
            }
            row |= {f"q{q:g}": middle + 2 * spread * (q - 0.5) for q in quantiles}
            row |= {name: level + chance.gauss(0, 2.5 * spread) for name in baselines}
            rows.append(row)
    return pl.DataFrame(
        rows, schema_overrides={"series": pl.String, "target": pl.Float64}, infer_schema_length=None
    )


def curve(length: int = 40) -> list[EvaluationRecord]:
    chance = random.Random(7)
    records = []
    best = math.inf
    for index in range(1, length + 1):
        loss = 0.09 + 0.6 * math.exp(-index / 6) + chance.gauss(0, 0.004)
        validation = 0.12 + 0.55 * math.exp(-index / 6) + 0.0009 * max(0, index - 24) + chance.gauss(0, 0.006)
        is_best, best = validation < best, min(best, validation)
        rate = 0.002 * 0.5 * (1 + math.cos(math.pi * index / length))
        norm = 0.4 + 3 * math.exp(-index / 5) + abs(chance.gauss(0, 0.2))
        records.append(EvaluationRecord(index * 50, index * 3.1, loss, validation, rate, norm, is_best))
    return records


def scores(part: str, num_origins: int) -> ScoreTable:
    network = ScoreRow(
        NETWORK, {"MAE": 431.2, "RMSE": 612.7, "MASE": 0.412, "CRPS": 311.8, "coverage": 0.887}, False
    )
    errors = {
        "seasonal naive (1 week)": 1204.3,
        "seasonal naive (1 day)": 1830.9,
        "ridge": 502.4,
        "last value": 4120.6,
    }
    rows = [
        ScoreRow(
            name, {"MAE": mae, "RMSE": 1.41 * mae, "MASE": mae / 1046, "CRPS": None, "coverage": None}, True
        )
        for name, mae in errors.items()
    ]
    verdict = [
        "The network's mean absolute error is 14 % lower than that of ridge, its strongest baseline.",
        "It is better at 43 of 56 origins.",
    ]
    return ScoreTable(part, [network, *rows], num_origins, verdict)


def error_by_step(horizon: int) -> dict[str, list[float]]:
    return {
        NETWORK: [180 + 55 * math.sqrt(step) for step in range(1, horizon + 1)],
        "seasonal naive (1 week)": [1200 + 20 * math.sin(step) for step in range(1, horizon + 1)],
        "seasonal naive (1 day)": [1830 + 30 * math.cos(step / 3) for step in range(1, horizon + 1)],
        "ridge": [120 + 80 * math.sqrt(step) for step in range(1, horizon + 1)],
        "last value": [
            420 + 2000 * math.sin(min(step, 48) / 48 * math.pi / 2) for step in range(1, horizon + 1)
        ],
    }


def findings() -> list[Finding]:
    gaps = "5 gaps (928 of 52,608 values) were found; the network sees them as missing, not as zero."
    clock = (
        "The time stamps carry no zone; they are read as they stand, so the clock changes show as they are."
    )
    return [
        Finding("time_zone", clock, "note", column="settlement_time"),
        Finding("gap", gaps, "warning", column="demand", examples=["2013-04-04 10:00", "2013-04-18 09:30"]),
        Finding("constant", "The column holds one value only and was left out.", "note", column="station"),
    ]


CONFIGURATION = {
    "data": {
        "table": "demand.csv",
        "time": "settlement_time",
        "target": "demand",
        "known": ["holiday"],
        "step": "30m",
    },
    "network": {"cell": "LSTM", "hidden_size": 64, "num_layers": 1, "context": 336, "horizon": 48},
    "training": {"steps": 2000, "batch_size": 64, "learning_rate": 0.002, "seed": 0, "early_stopping": True},
    "elman": "0.1.0",
}


def build(
    series: Sequence[SeriesHistory], num_origins: int, horizon: int, title: str = "Demand, 48 steps ahead"
) -> ForecastReport:
    frames = [forecasts(one, num_origins, horizon, QUANTILES, BASELINES) for one in series]
    return ForecastReport(
        title=title,
        target="demand",
        horizon=horizon,
        history=series,
        forecasts=pl.concat(frames),
        quantiles=QUANTILES,
        scores=[scores("test", num_origins * len(series)), scores("validation", num_origins * len(series))],
        error_by_step=error_by_step(horizon),
        calibration=[
            CalibrationPoint(q, 0.5 + 0.7 * (q - 0.5), 0.5 + 0.97 * (q - 0.5) + 0.01) for q in QUANTILES
        ],
        curve=curve(),
        findings=findings(),
        configuration=CONFIGURATION,
        seconds=192.4,
        num_parameters=21_345,
    )


def realistic() -> ForecastReport:
    """Three years of half-hourly demand, 56 forecasts of two days."""
    return build([history(None, 52_608)], num_origins=56, horizon=48)


def small() -> ForecastReport:
    return build([history(None, 960)], num_origins=4, horizon=8, title="Demand, 8 steps ahead")


def many_series(num_series: int = 40, num_drawn: int = 6) -> ForecastReport:
    series = [history(f"substation {n:02d}", 8_760, scale=0.001 * (n + 1), seed=n) for n in range(num_series)]
    report = build(series, num_origins=10, horizon=24, title="Load of 40 substations, 24 steps ahead")
    return replace(report, history=series[:num_drawn])


def bare() -> ForecastReport:
    """One origin, integer time, no truth, no quantile pairs, nothing found, nothing trained."""
    values: list[float | None] = [None if n % 2 else float(n) for n in range(12)]
    series = SeriesHistory(None, list(range(12)), values, 12, 12)
    frame = pl.DataFrame(
        {"series": [None], "origin": [11], "time": [12], "step": [1], "target": [None], "q0.5": [11.5]},
        schema_overrides={"series": pl.String, "target": pl.Float64},
    )
    row = ScoreRow(NETWORK, {"MAE": None, "coverage": None}, is_baseline=False)
    return ForecastReport(
        title="One step",
        target="y",
        horizon=1,
        history=[series],
        forecasts=frame,
        quantiles=(0.5,),
        scores=[ScoreTable("test", [row], 1, [])],
        error_by_step={NETWORK: [math.nan]},
        calibration=[],
        curve=[],
        findings=[],
    )


ATTACKS = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "<!--<b>bold</b>",
    "<a href='javascript:document.title=1'>$title ${plotly} %{y} var(--x)</a>",
)


def hostile() -> ForecastReport:
    """Carry text that tries to become markup or code in every place a report holds text."""
    script, image, comment, link = ATTACKS
    series = replace(history(script, 200), name=script)
    baselines = (image, link)
    rows = [ScoreRow(NETWORK + comment, {image: 1.0, script: None}, False)]
    rows += [ScoreRow(name, {image: 2.0, script: 3.0}, True) for name in baselines]
    report = replace(small(), title=script, target=link, history=[series, replace(series, name=image)])
    frames = [forecasts(one, 4, 5, QUANTILES, baselines) for one in report.history]
    return replace(
        report,
        forecasts=pl.concat(frames),
        scores=[ScoreTable(image, rows, 3, [script, image])],
        error_by_step={NETWORK + comment: [1.0, 2.0], image: [2.0, 3.0], link: [1.5, 1.0]},
        findings=[Finding(script, image, "warning", column=comment, series=link, examples=ATTACKS)],
        configuration={script: {image: [comment, link]}, link: script},
    )
