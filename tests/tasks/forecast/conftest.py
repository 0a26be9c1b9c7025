"""Fitted forecasters that many tests look at; no test changes them."""

from __future__ import annotations

import polars as pl
import pytest
from forecast_tables import KNOWN, PAST, hourly_table, rich_forecaster, small_forecaster, three_series

from elman.tasks import Forecaster


@pytest.fixture(scope="session")
def hourly() -> pl.DataFrame:
    """One hourly series with covariates of every kind."""
    return hourly_table()


@pytest.fixture(scope="session")
def stacked() -> pl.DataFrame:
    """Three hourly series with covariates of every kind."""
    return three_series()


@pytest.fixture(scope="session")
def rich(hourly: pl.DataFrame) -> Forecaster:
    """A forecaster fitted on `hourly`."""
    return rich_forecaster().fit(hourly)


@pytest.fixture(scope="session")
def several(stacked: pl.DataFrame) -> Forecaster:
    """A forecaster fitted on `stacked`."""
    return small_forecaster(series="series", known=KNOWN, past=PAST).fit(stacked)
