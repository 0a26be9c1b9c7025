"""The report of a forecast: can it be trusted, and why."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from elman.report.charts.calibration import calibration_chart
from elman.report.charts.error_by_step import error_by_step_chart
from elman.report.charts.flow import flow_chart
from elman.report.charts.forecasts import forecasts_chart
from elman.report.charts.history import gap_summary, history_chart
from elman.report.charts.traces import Style, baseline_styles
from elman.report.formatting import count, duration, finite
from elman.report.learning import learning_part
from elman.report.markup import Content, Html, element
from elman.report.page import Section, render_page, write_page
from elman.report.tables.configuration import configuration_table
from elman.report.tables.findings import finding_list
from elman.report.tables.numbers import calibration_table, error_table
from elman.report.tables.scores import score_table

if TYPE_CHECKING:
    from elman.tasks.results import ForecastReport, ScoreTable


def render_forecast_report(report: ForecastReport) -> str:
    """Return the report as one HTML page that opens without a network.

    The same report gives the same page, byte for byte.

    Args:
        report: what the evaluation found.
    """
    return render_page(report.title, _lead(report), forecast_sections(report))


def forecast_sections(report: ForecastReport) -> list[Section]:
    """Return the sections of a forecast's page; what the report does not hold has none."""
    baselines = baseline_styles(_baseline_names(report))
    sections = (
        _scores(report),
        _forecasts(report, baselines),
        _error_by_step(report, baselines),
        _calibration(report),
        _history(report),
        _learning(report),
        _flow(report),
        Section("findings", "Odd in the data", [finding_list(report.findings)]),
        _configuration(report),
    )
    return [section for section in sections if section]


def write_forecast_report(report: ForecastReport, path: str | os.PathLike[str]) -> Path:
    """Write the report to a file, folders above it included, and return its path.

    Args:
        report: what the evaluation found.
        path: where to write; an old file there is replaced at once, never half.
    """
    return write_page(render_forecast_report(report), path)


def _lead(report: ForecastReport) -> Content:
    verdict = report.scores[0].verdict[:1] if report.scores else ()
    warnings = sum(finding.severity == "warning" for finding in report.findings)
    facts = [
        f"{count(report.horizon, 'step')} ahead",
        report.scores and count(report.scores[0].num_origins, "scored forecast"),
        report.num_parameters and count(report.num_parameters, "parameter"),
        report.seconds and f"fitted in {duration(report.seconds)}",
        warnings and element("a", count(warnings, "warning"), " about the data", href="#findings"),
    ]
    told = [element("p", sentence, class_="verdict") for sentence in verdict]
    return [told, element("ul", [element("li", fact) for fact in facts if fact], class_="facts")]


def _scores(report: ForecastReport) -> Section | None:
    if not report.scores:
        return None
    first, *others = report.scores
    folded = [
        element(
            "details", element("summary", f"The {scores.part} part"), _judged(report, scores, scores.verdict)
        )
        for scores in others
    ]
    return Section("scores", "Scores", [_judged(report, first, first.verdict[1:]), *folded])


def _judged(report: ForecastReport, scores: ScoreTable, verdict: Sequence[str]) -> Html:
    levels = report.quantiles
    promised = max(levels) - min(levels) if len(levels) > 1 else None
    return Html(score_table(scores, promised) + "".join(element("p", sentence) for sentence in verdict))


def _forecasts(report: ForecastReport, baselines: dict[str, Style]) -> Section | None:
    if report.forecasts.is_empty():
        return None
    return Section("forecasts", "Forecasts against the truth", [forecasts_chart(report, baselines)])


def _error_by_step(report: ForecastReport, baselines: dict[str, Style]) -> Section | None:
    if all(finite(error) is None for errors in report.error_by_step.values() for error in errors):
        return None
    chart = error_by_step_chart(report.error_by_step, baselines)
    return Section("error-by-step", "Error by step", [chart, error_table(report.error_by_step)])


def _calibration(report: ForecastReport) -> Section:
    if not report.calibration:
        told = element("p", "This network predicts no quantiles, so there is nothing to calibrate.")
        return Section("calibration", "Calibration", [told])
    parts = [calibration_chart(report.calibration), calibration_table(report.calibration)]
    return Section("calibration", "Calibration", parts, beside=True)


def _history(report: ForecastReport) -> Section | None:
    if not report.history:
        return None
    told = [element("li", gap_summary(series)) for series in report.history]
    chart = history_chart(report.history, report.target)
    return Section("data", "The data", [chart, element("ul", told, class_="gaps")])


def _learning(report: ForecastReport) -> Section | None:
    return Section("learning", "Learning curves", [learning_part(report.curve)]) if report.curve else None


def _flow(report: ForecastReport) -> Section | None:
    return Section("gradient-flow", "Gradient flow", [flow_chart(report.flow)]) if report.flow else None


def _configuration(report: ForecastReport) -> Section | None:
    if not report.configuration:
        return None
    return Section("configuration", "Configuration", [configuration_table(report.configuration)])


def _baseline_names(report: ForecastReport) -> list[str]:
    """List the baselines in the order of the score table, since it is read first."""
    rows = [row for scores in report.scores for row in scores.rows]
    return [row.model for row in rows if row.is_baseline]
