"""Calls of the command line, small enough to run many of them."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from elman.cli import main

FIT = ("fit", "forecast")
STEPS, EVALUATE_EVERY = 12, 3


@dataclass(frozen=True)
class Outcome:
    """What a call left behind."""

    code: int
    out: str
    err: str


def run_main() -> int:
    """Call `main` and return its exit code; anything but an exit is a traceback and goes up."""
    try:
        main()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 0
    return 0


def table(num_rows: int = 300) -> pl.DataFrame:
    """An hourly series with a daily season, a covariate and a text."""
    hours = range(num_rows)
    return pl.DataFrame(
        {
            "Time": [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in hours],
            "Demand": [50 + 10 * math.sin(hour / 24 * math.tau) + hour * 37 % 11 for hour in hours],
            "Temp": [20 + 5 * math.cos(hour / 24 * math.tau) for hour in hours],
            "Place": ["north"] * num_rows,
        }
    )


def write_table(path: Path, num_rows: int = 300) -> Path:
    table(num_rows).write_csv(path)
    return path


def fit_options(data: Path, out: Path, **settings: object) -> list[str]:
    """The arguments of a fit that takes half a second; it is evaluated every third step."""
    config = data.parent / "small.toml"
    config.write_text(f"evaluate_every = {EVALUATE_EVERY}\ncontext = 6\nbatch_size = 4\n")
    options: dict[str, object] = {
        "config": config,
        "time": "Time",
        "target": "Demand",
        "known": "Temp",
        "horizon": 4,
        "hidden-size": 4,
        "steps": STEPS,
        "out": out,
        **settings,
    }
    named = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [*FIT, str(data), *named]


def snapshot(folder: Path) -> dict[str, bytes]:
    """The content of every file in and below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
