"""Small tables with everything in them, and forecasters that are fitted in a tenth of a second."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import torch

from elman.data import Columns, build_panel
from elman.tasks import Forecaster, ForecastOptions
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.training import TrainingOptions

HORIZON = 6
START = datetime(2024, 1, 1)
KNOWN = ("heat", "holiday", "sky")
PAST = ("load",)


def small_options(**changes: Any) -> ForecastOptions:
    """Options of a forecaster that is fitted in a moment; `seed` and `num_steps` may stand among them."""
    training = TrainingOptions(
        num_steps=changes.pop("num_steps", 4), evaluate_every=2, seed=changes.pop("seed", 0)
    )
    return ForecastOptions(**{"hidden_size": 4, "batch_size": 8, "training": training, **changes})


def small_forecaster(horizon: int = HORIZON, **parts: Any) -> Forecaster:
    """A forecaster of `y` over `time`; columns by their names, everything else is an option."""
    columns = {name: parts.pop(name) for name in ("series", "known", "past") if name in parts}
    return Forecaster(horizon=horizon, time="time", target="y", **columns, options=small_options(**parts))


def rich_forecaster(**options: Any) -> Forecaster:
    """A forecaster of `hourly_table` that reads all of its covariates."""
    return small_forecaster(known=KNOWN, past=PAST, **options)


def hourly_table(num_steps: int = 320, *, seed: int = 0, start: datetime = START) -> pl.DataFrame:
    """One series by the hour: a daily season, a number, an event and a text known ahead, a past covariate."""
    rng = np.random.default_rng(seed)
    steps = np.arange(num_steps)
    heat = np.sin(2 * np.pi * steps / 50) + 0.3 * rng.normal(size=num_steps)
    holiday = steps // 24 % 5 == 3
    target = 10 + 3 * np.sin(2 * np.pi * steps / 24) + heat - 2 * holiday + 0.2 * rng.normal(size=num_steps)
    return pl.DataFrame(
        {
            "time": [start + timedelta(hours=int(step)) for step in steps],
            "y": target,
            "heat": heat,
            "holiday": holiday,
            "sky": [("blue", "grey", "white")[step // 7 % 3] for step in steps],
            "load": rng.normal(size=num_steps),
        }
    )


def stacked_table(**tables: pl.DataFrame) -> pl.DataFrame:
    """Tables one below the other, with a column `series` of their names."""
    return pl.concat([table.with_columns(series=pl.lit(name)) for name, table in tables.items()])


def three_series() -> pl.DataFrame:
    """Three hourly series of different size that begin and end at different times."""
    tables = {}
    for at, (name, size, length) in enumerate((("a", 1.0, 300), ("b", 50.0, 320), ("c", 0.02, 280))):
        table = hourly_table(length, seed=at, start=START + timedelta(hours=5 * at))
        tables[name] = table.with_columns(pl.col("y") * size)
    return stacked_table(**tables)


def plain_table(values: Any, **columns: Any) -> pl.DataFrame:
    """A table of `time` 0, 1, 2, ... and `y`."""
    return pl.DataFrame({"time": range(len(values)), "y": values, **columns})


def arrays_of(forecaster: Forecaster, table: pl.DataFrame) -> PanelArrays:
    """A table as the fitted forecaster lays it out."""
    panel = build_panel(table, forecaster.columns, frequency=forecaster.model.encoder.frequency.every)
    return forecaster.model.arrays_of(panel)


def plain_arrays(
    values: Any, *, before: int = 60, after: int = 30, frequency: str | None = None, time: Any = None
) -> PanelArrays:
    """One series without covariates as arrays."""
    stamps = range(len(values)) if time is None else time
    table = pl.DataFrame({"time": stamps, "y": pl.Series([float(value) for value in values])})
    panel = build_panel(table, Columns("time", "y"), frequency=frequency)
    encoder = InputEncoder.fit(panel, [one.frame.height for one in panel.series])
    return PanelArrays.build(panel, encoder, before=before, after=after)


def quantile_names(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name.startswith("q0")]


def quantiles_of(frame: pl.DataFrame) -> np.ndarray:
    """The quantile columns, (rows, Q)."""
    return frame.select(quantile_names(frame)).to_numpy()


def assert_same_model(one: Forecaster, other: Forecaster) -> None:
    """Every tensor and every number of two fitted forecasters is the same, bit for bit."""
    mine, theirs = one.model.tensors(), other.model.tensors()
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        assert torch.equal(tensor, theirs[name]), name
    assert one.model.values() == other.model.values()
