"""Plain result objects of a forecast: what an evaluation found, ready to print, save or draw.

Nothing here computes; nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from elman.data.findings import Finding
from elman.tasks.results.scores import ScoreTable
from elman.training.records import EvaluationRecord


@dataclass(frozen=True)
class CalibrationPoint:
    """How often the truth fell below a predicted quantile.

    Args:
        quantile: the nominal level in (0, 1).
        before: the observed share with the network's raw quantiles.
        after: the observed share once calibrated on the validation part.
    """

    quantile: float
    before: float
    after: float


@dataclass(frozen=True)
class SeriesHistory:
    """The observed values of one series, on its regular grid, gaps as `None`.

    Args:
        name: the series' name, or `None` if the table holds one series only.
        times: T time stamps (datetime, date or int).
        values: T values in the target's own unit, `None` where nothing was observed.
        validation_start: index into `times` of the first step of the validation part.
        test_start: index into `times` of the first step of the test part.
    """

    name: str | None
    times: Sequence[Any]
    values: Sequence[float | None]
    validation_start: int
    test_start: int


@dataclass(frozen=True)
class FlowPoint:
    """How far back gradients reached at one step of training, in one tensor of a layer's state.

    Args:
        step: of the optimizer.
        layer: the path to the layer.
        state: which tensor of its state.
        lags: time steps before the last one that the layer ran.
        norms: mean norm of the gradient at each, `None` where it was not finite.
    """

    step: int
    layer: str
    state: str
    lags: Sequence[int]
    norms: Sequence[float | None]


@dataclass(frozen=True)
class ForecastReport:
    """Everything the report of a forecast shows.

    Args:
        title: for instance "Demand, 48 steps ahead".
        target: name of the target column.
        horizon: steps forecast from each origin.
        history: a few series (not all, if there are many) to draw.
        forecasts: one row per origin and step of the test part, columns `series` (String or
            null), `origin` (time stamp of the last observed step), `time`, `step` (1-based),
            `target` (the truth, null if missing), one Float64 column per quantile named like
            "q0.1", and one Float64 column per baseline under its name.
        quantiles: levels, ascending.
        scores: score tables, test part first.
        error_by_step: model -> mean absolute error at each step of the horizon, (horizon,).
        calibration: one point per quantile, on the test part.
        curve: the learning curve.
        findings: what was odd in the data.
        configuration: everything needed to repeat the run, nested one level at most.
        seconds: wall time of the fit.
        num_parameters: trainable parameters of the network.
        flow: looks at the flow of gradients while the network was trained.
    """

    title: str
    target: str
    horizon: int
    history: Sequence[SeriesHistory]
    forecasts: pl.DataFrame
    quantiles: Sequence[float]
    scores: Sequence[ScoreTable]
    error_by_step: Mapping[str, Sequence[float]]
    calibration: Sequence[CalibrationPoint]
    curve: Sequence[EvaluationRecord]
    findings: Sequence[Finding]
    configuration: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    num_parameters: int = 0
    flow: Sequence[FlowPoint] = ()
