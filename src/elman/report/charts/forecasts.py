"""Forecasts against the truth, at several origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from elman.report.charts.chart import Chart, View, choice
from elman.report.charts.one_forecast import Context, Look, forecast_figure
from elman.report.charts.origins import Origin, origins_to_draw
from elman.report.formatting import moment, number

if TYPE_CHECKING:
    from elman.report.charts.traces import Style
    from elman.tasks.results import ForecastReport

MAX_SERIES = 8
MAX_ORIGINS = 12
# Time steps drawn over all series and origins, context included: this bounds the size of the page.
MAX_STEPS = 60_000


def forecasts_chart(report: ForecastReport, baselines: Mapping[str, Style]) -> Chart:
    """Draw forecasts with their bands, what came true, and the stretch before the origin."""
    names = _series_to_draw(report)
    look = Look(report.target, tuple(report.quantiles), baselines, context=max(2 * report.horizon, 24))
    amount = MAX_STEPS // max(1, len(names) * (look.context + report.horizon))
    amount = max(3, min(MAX_ORIGINS, amount))
    options = [(name or "the series", _series_view(report, name, look, amount)) for name in names]
    return Chart(
        slug="forecasts",
        description=f"Forecasts of {report.target} with bands, against the observed values.",
        caption="A good forecast keeps the observed line inside its bands; the dotted line is where it "
        f"begins. {_drawn(report)}",
        view=choice("Series", options),
    )


def _series_view(report: ForecastReport, name: str | None, look: Look, amount: int) -> View:
    rows = report.forecasts.filter(pl.col("series").eq_missing(pl.lit(name, pl.String)))
    context = next((Context(series) for series in report.history if series.name == name), None)
    origins = origins_to_draw(rows, look.median, amount)
    options = [(_title(origin), forecast_figure(origin, context, look)) for origin in origins]
    typical = (index for index, origin in enumerate(origins) if origin.remark.startswith("typical"))
    return choice("Forecast from", options, start=next(typical, 0))


def _title(origin: Origin) -> str:
    parts = [str(moment(origin.time)), origin.remark]
    error = f"mean error {number(origin.error)}" if origin.error is not None else "truth unknown"
    return " · ".join(part for part in (*parts, error) if part)


def _series_to_draw(report: ForecastReport) -> list[str | None]:
    """Prefer series whose history is known, since their forecasts can be shown with what came before."""
    forecast = report.forecasts["series"].unique(maintain_order=True).to_list()
    with_history = [series.name for series in report.history if series.name in forecast]
    return (with_history or forecast)[:MAX_SERIES]


def _drawn(report: ForecastReport) -> str:
    """Say which of all forecasts are drawn, so that nobody takes them for hand-picked ones."""
    origins = report.forecasts.select("series", "origin").unique()
    num_series, drawn = origins["series"].n_unique(), len(_series_to_draw(report))
    per_series = origins["origin"].n_unique()
    if per_series == 1 and num_series == drawn:
        return ""
    of_series = "Every series" if drawn == num_series else f"{drawn} of {num_series} series"
    if per_series == 1:
        return f"{of_series} can be shown."
    return (
        f"{of_series} can be shown, at origins spread over the test part ({per_series} in all), the best, "
        "typical and worst among them."
    )
