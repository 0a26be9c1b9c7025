"""The calendar as inputs."""

import subprocess
import sys
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from elman.data.calendar import calendar_features
from elman.data.frequency import Frequency

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def harmonics(word: str) -> list[str]:
    return [f"time of {word} ({wave} {number})" for number in (1, 2) for wave in ("sine", "cosine")]


def features(start, every: str, num_steps: int = 5, zone: str | None = None) -> dict[str, np.ndarray]:
    times = pl.Series([start])
    times = times.dt.replace_time_zone(zone) if zone else times
    frequency = Frequency.of(every)
    names, values = calendar_features(frequency.grid(times, num_steps), frequency)
    assert values.dtype == np.float32
    assert values.shape == (num_steps, len(names))
    return dict(zip(names, values.T, strict=True))


@pytest.mark.parametrize(
    ("every", "names"),
    [
        ("1s", harmonics("minute") + harmonics("hour") + harmonics("day") + WEEKDAYS + harmonics("year")),
        ("1m", harmonics("hour") + harmonics("day") + WEEKDAYS + harmonics("year")),
        ("30m", harmonics("day") + WEEKDAYS + harmonics("year")),
        ("12h", harmonics("day") + WEEKDAYS + harmonics("year")),
        ("1d", WEEKDAYS + harmonics("year")),
        ("1w", harmonics("year")),
        ("1q", ["quarter 1", "quarter 2", "quarter 3", "quarter 4"]),
        ("2q", harmonics("year")),
        ("1y", []),
    ],
)
def test_names_follow_the_frequency(every: str, names: list[str]):
    assert list(features(datetime(2024, 1, 1), every)) == names


def test_months():
    found = features(date(2024, 1, 31), "1mo", 12)
    assert list(found)[:2] == ["January", "February"]
    assert np.array_equal(np.stack(list(found.values())[:12]), np.eye(12))
    assert list(found)[12:] == harmonics("year")


def test_integers_have_no_calendar():
    assert features(1, "1i") == {}


def test_time_of_day():
    found = features(datetime(2024, 1, 1), "6h", 4)
    assert found["time of day (sine 1)"] == pytest.approx([0, 1, 0, -1], abs=1e-6)
    assert found["time of day (cosine 1)"] == pytest.approx([1, 0, -1, 0], abs=1e-6)
    assert found["time of day (cosine 2)"] == pytest.approx([1, -1, 1, -1], abs=1e-6)


def test_time_of_hour_and_of_minute():
    found = features(datetime(2024, 1, 1, 5, 15, 15), "1s", 1)
    assert found["time of minute (sine 1)"] == pytest.approx([1], abs=1e-6)
    assert found["time of hour (sine 1)"] == pytest.approx([np.sin(2 * np.pi * 915 / 3600)], abs=1e-6)


@pytest.mark.parametrize(("year", "days"), [(2023, 365), (2024, 366)])
def test_time_of_year(year: int, days: int):
    found = features(date(year, 1, 1), "1d", days)
    share = np.arange(days) / days
    assert found["time of year (sine 1)"] == pytest.approx(np.sin(2 * np.pi * share), abs=1e-6)
    assert found["time of year (cosine 2)"] == pytest.approx(np.cos(4 * np.pi * share), abs=1e-6)


def test_day_of_week():
    found = features(date(2024, 1, 3), "1d", 14)  # a Wednesday
    for day, name in enumerate(WEEKDAYS):
        assert found[name].tolist() == [float((2 + step) % 7 == day) for step in range(14)]


def test_local_time_counts():
    found = features(datetime(2014, 10, 5), "30m", 48, zone="Australia/Melbourne")  # 02:00 is skipped
    hours = np.array([*np.arange(0, 2, 0.5), *np.arange(3, 24, 0.5), 0.0, 0.5])
    assert found["time of day (sine 1)"] == pytest.approx(np.sin(hours * np.pi / 12), abs=1e-6)
    assert found["Sunday"].tolist() == [1.0] * 46 + [0.0] * 2


def test_values_are_at_most_one():
    values = np.stack(list(features(datetime(1969, 7, 20, 20, 17), "17m", 5000).values()))
    assert np.abs(values).max() <= 1


def test_first_import_needs_no_torch():
    code = "import elman.data, sys; elman.data.calendar_features; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
