"""What the report of a forecaster shows, gathered from its fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elman.tasks.forecast.evaluation import PARTS, Evaluation
from elman.tasks.forecast.fitting import Fit
from elman.tasks.networks import count_parameters
from elman.tasks.results import ForecastReport

_MAX_DRAWN_SERIES = 12


def build_report(
    fit: Fit, evaluation: Evaluation, title: str, configuration: Mapping[str, Any]
) -> ForecastReport:
    """Forecast and score the held-out parts, once, and gather what a report shows.

    Args:
        fit: the model, and what it was fitted on.
        evaluation: of the same.
        title: of the page.
        configuration: what repeats the run, to be shown.
    """
    has_test = any(split.test_end > split.validation_end for split in fit.splits)
    parts = PARTS if has_test else PARTS[1:]
    forecasts = {part: evaluation.forecasts(evaluation.origins_of(part)) for part in parts}
    shown = forecasts[parts[0]]
    return ForecastReport(
        title=title,
        target=fit.model.encoder.columns.target,
        horizon=fit.model.geometry.horizon,
        history=evaluation.histories(_MAX_DRAWN_SERIES),
        forecasts=shown,
        quantiles=fit.model.calibration.levels,
        scores=[evaluation.scores(part, forecasts[part]) for part in parts],
        error_by_step=evaluation.error_by_step(shown),
        calibration=evaluation.calibration(parts[0], shown),
        curve=fit.training.curve,
        findings=fit.panel.findings,
        configuration=configuration,
        seconds=fit.training.seconds,
        num_parameters=count_parameters(fit.model.network),
    )
