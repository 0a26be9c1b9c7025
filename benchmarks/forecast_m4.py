"""The 414 hourly series of the M4 competition, one global model with default settings, on the official test.

    python benchmarks/forecast_m4.py FOLDER [--seed N] [--json FILE]

FOLDER holds `train.csv` and `test.csv` as the competition published them for its hourly series: one
row a series, its name first, the values after it, blanks behind the end of a shorter series.

Reference:
    Makridakis, Spiliotis, Assimakopoulos (2020). The M4 competition: 100,000 time series and 61
    forecasting methods. International Journal of Forecasting. Its winner scored sMAPE 9.328 and MASE
    0.893 on the hourly series; the competition's seasonal naive 13.912 and 1.193.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

import elman
from elman.tasks import ForecastOptions, Observer
from elman.training import TrainingOptions

HORIZON, SEASON = 48, 24


def read_wide(path: Path) -> dict[str, np.ndarray]:
    """Return each series' values, (T,)."""
    frame = pl.read_csv(path, infer_schema_length=None)
    names = frame[frame.columns[0]].to_list()
    values = frame.select(pl.col(frame.columns[1:]).cast(pl.Float64)).to_numpy()
    return {name: row[np.isfinite(row)] for name, row in zip(names, values, strict=True)}


def as_table(series: dict[str, np.ndarray]) -> pl.DataFrame:
    """Return one row a step. The competition's stamps are not in the files, so every series begins alike."""
    start = pl.lit(datetime(2015, 1, 1))
    parts = [
        pl.DataFrame({"series": name, "value": values}).with_columns(
            time=start + pl.duration(hours=pl.int_range(pl.len()))
        )
        for name, values in series.items()
    ]
    return pl.concat(parts)


def scores(
    forecasts: dict[str, np.ndarray], train: dict[str, np.ndarray], test: dict[str, np.ndarray]
) -> dict[str, float]:
    """Return the competition's sMAPE and MASE, each the mean over series."""
    smape, mase = [], []
    for name, truth in test.items():
        error = np.abs(truth - forecasts[name])
        scale = np.abs(train[name][SEASON:] - train[name][:-SEASON]).mean()
        smape.append((200 * error / (np.abs(truth) + np.abs(forecasts[name]))).mean())
        mase.append((error / scale).mean())
    return {"sMAPE": float(np.mean(smape)), "MASE": float(np.mean(mase))}


def run(folder: Path, seed: int) -> dict[str, Any]:
    """Fit, forecast and score; return our figures, the seasonal naive's, and the seconds of the fit."""
    train, test = (read_wide(folder / name) for name in ("train.csv", "test.csv"))
    options = ForecastOptions(validation=HORIZON, test=0, training=TrainingOptions(seed=seed))
    forecaster = elman.Forecaster(
        horizon=HORIZON, time="time", target="value", series="series", options=options
    )
    table, begin = as_table(train), time.perf_counter()
    observer = Observer(
        on_stage=lambda text: print(text, file=sys.stderr),
        on_record=lambda record: print(f"step {record.step}: {record.validation_loss:.4f}", file=sys.stderr),
    )
    forecaster.fit(table, observer=observer)
    seconds = time.perf_counter() - begin
    parts = {name: part for (name,), part in forecaster.predict(table).group_by("series")}
    inside = [
        ((truth >= parts[name]["q0.1"].to_numpy()) & (truth <= parts[name]["q0.9"].to_numpy())).mean()
        for name, truth in test.items()
    ]
    naive = {name: np.tile(values[-SEASON:], HORIZON // SEASON) for name, values in train.items()}
    return {
        **scores({name: part["q0.5"].to_numpy() for name, part in parts.items()}, train, test),
        "coverage 80%": float(np.mean(inside)),
        "seasonal naive": scores(naive, train, test),
        "seconds": round(seconds, 1),
        "seed": seed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the scores there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result = json.dumps(run(arguments.folder, arguments.seed), indent=1)
    print(result)
    if arguments.json:
        arguments.json.write_text(result)


if __name__ == "__main__":
    main()
