"""Every figure is one plotly.js knows, in colours the style sheet has."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl
import pytest
import report_samples as samples

from elman.report.assets import static
from elman.report.charts.chart import Choice, Figure, View, as_json
from elman.report.charts.forecasts import MAX_ORIGINS, MAX_STEPS, forecasts_chart
from elman.report.charts.history import MAX_POINTS, gap_summary, history_chart
from elman.report.charts.learning import learning_chart
from elman.report.charts.origins import origins_to_draw
from elman.report.charts.traces import baseline_styles
from elman.report.forecast import forecast_sections
from elman.report.learning import learning_part
from elman.report.markup import Html
from elman.report.page import Chart
from elman.tasks.results import ForecastReport

REPORTS: list[Callable[[], ForecastReport]] = [samples.small, samples.bare, samples.hostile]


def figures(view: View) -> Iterator[Figure]:
    if isinstance(view, Figure):
        yield view
    else:
        for _, option in view.options:
            yield from figures(option)


def charts(report: ForecastReport) -> dict[str, Chart]:
    parts = [part for section in forecast_sections(report) for part in section.parts]
    return {part.slug: part for part in parts if isinstance(part, Chart)}


@pytest.mark.parametrize("build", REPORTS)
def test_plotly_knows_every_attribute(build: Callable[[], ForecastReport]):
    for chart in charts(build()).values():
        for figure in figures(chart.view):
            text = re.sub(r'"var\(--[a-z0-9-]+\)"', '"red"', json.dumps(as_json(figure), allow_nan=False))
            parsed: dict[str, Any] = json.loads(text)
            assert go.Figure(data=parsed["data"], layout=parsed["layout"]).data


def test_style_sheet_has_every_color_in_light_and_dark():
    text = json.dumps([as_json(chart.view) for chart in charts(samples.small()).values()])
    named = set(re.findall(r"var\((--[a-z0-9-]+)\)", text))
    light, dark = static("page.css").split("prefers-color-scheme: dark")
    assert {"--network", "--observed", "--baseline-4", "--gap", "--test"} <= named
    for sheet in (light, dark):
        assert named <= set(re.findall(r"(--[a-z0-9-]+):", sheet))


def test_a_model_keeps_its_style_in_every_chart():
    drawn = charts(samples.small())
    looks: dict[str, set[str]] = {}
    for slug in ("forecasts", "error-by-step"):
        for figure in figures(drawn[slug].view):
            for trace in figure.traces:
                looks.setdefault(trace["name"], set()).add(json.dumps(trace.get("line")))
    assert [len(looks[name]) for name in samples.BASELINES] == [1, 1, 1, 1]
    assert len(set.union(*(looks[name] for name in samples.BASELINES))) == 4


def test_long_history_is_thinned_keeps_its_peak_and_says_so():
    series = samples.history(None, 20_000)
    values = list(series.values)
    values[777] = 99_999.0
    chart = history_chart([replace(series, values=values)], "demand")
    observed = next(
        trace for figure in figures(chart.view) for trace in figure.traces if trace["name"] == "observed"
    )
    assert sum(value is not None for value in observed["y"]) <= MAX_POINTS
    assert max(value for value in observed["y"] if value is not None) == 99_999.0
    assert None in observed["y"]
    assert "thinned" in chart.caption
    assert "thinned" not in history_chart([samples.history(None, 100)], "demand").caption


def test_gaps_and_parts_are_shaded_below_the_data():
    (figure,) = figures(history_chart([samples.history(None, 1000)], "demand").view)
    names = [trace["name"] for trace in figure.traces if trace.get("yaxis") == "y2"]
    assert names == ["validation part", "test part", "no value"]
    assert figure.layout["yaxis"]["overlaying"] == "y2"


def test_gap_summary_counts():
    series = replace(samples.history("a", 6), values=[1.0, None, None, 2.0, None, 3.0])
    assert gap_summary(series) == (
        "a: 6 time steps, 3 of them missing in 2 gaps; the longest has 2 steps, "
        "from 2012-01-01 00:30 to 2012-01-01 01:00."
    )
    assert gap_summary(replace(series, values=[1.0] * 6)) == "a: 6 time steps, none missing."


def test_best_typical_and_worst_origin_are_among_the_drawn():
    errors = [5.0, 1.0, 4.0, 9.0, 3.0, 2.0, 8.0]
    rows = pl.DataFrame(
        {"origin": range(7), "step": [1] * 7, "target": [0.0] * 7, "q0.5": errors},
        schema_overrides={"target": pl.Float64},
    )
    chosen = origins_to_draw(rows, "q0.5", amount=2)
    assert [(origin.time, origin.remark) for origin in chosen] == [
        (0, ""),
        (1, "best of 7"),
        (2, "typical of 7"),
        (3, "worst of 7"),
        (6, ""),
    ]


def test_the_typical_forecast_is_shown_first():
    view = charts(samples.small())["forecasts"].view
    assert isinstance(view, Choice)
    assert "typical of 4" in view.options[view.start][0]


def test_number_of_drawn_forecasts_is_bounded():
    report = samples.many_series(num_series=3, num_drawn=2)
    chart = forecasts_chart(report, baseline_styles(samples.BASELINES))
    assert "2 of 3 series" in chart.caption
    drawn = list(figures(chart.view))
    assert len(drawn) <= 2 * (MAX_ORIGINS + 3)
    assert (
        sum(len(trace["x"]) for figure in drawn for trace in figure.traces if trace["name"] == "observed")
        < MAX_STEPS
    )


def test_one_step_forecast_and_its_band_can_be_seen():
    report = samples.build([samples.history(None, 300)], num_origins=1, horizon=1)
    (figure,) = figures(forecasts_chart(report, {}).view)
    median = next(trace for trace in figure.traces if trace["name"].startswith("forecast"))
    outline = next(trace for trace in figure.traces if trace["name"] == "90 % band")
    assert median["mode"] == "lines+markers"
    assert outline["line"]["width"] > 0


@pytest.mark.parametrize("zone", ["Europe/Paris", "UTC"])
def test_time_zone_is_named_and_its_clock_kept(zone: str):
    series = samples.history(None, 300)
    there = [time.replace(tzinfo=ZoneInfo(zone)) for time in series.times]
    report = samples.build([replace(series, times=there)], num_origins=3, horizon=4)
    report = replace(
        report, forecasts=report.forecasts.with_columns(pl.col("origin", "time").dt.convert_time_zone(zone))
    )
    figure = next(figures(forecasts_chart(report, {}).view))
    observed = next(trace for trace in figure.traces if trace["name"] == "observed")
    assert figure.layout["xaxis"]["title"]["text"] == f"time ({zone})"
    assert len(observed["x"]) == 24 + 4
    assert observed["x"][24] == str(report.forecasts["time"][0].replace(tzinfo=None))[:16]


def test_curve_without_a_best_record_has_no_mark():
    records = [replace(record, is_best=False) for record in samples.curve(3)]
    (figure,) = figures(learning_chart(records).view)
    assert "kept (best)" not in [trace["name"] for trace in figure.traces]


def test_a_single_evaluation_is_written_and_not_drawn():
    (record,) = samples.curve(1)
    record = replace(record, step=1500, loss=0.5, validation_loss=0.625, gradient_norm=1.25, num_recoveries=1)
    part = learning_part([replace(record, learning_rate=0.002)])
    assert isinstance(part, Html)
    cells = re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", part)
    assert cells == [
        *("optimizer step", "training loss", "validation loss", "gradient norm", "learning rate"),
        *("1,500", "0.5000", "0.6250", "1.250", "0.002000"),
    ]
    assert "no curve to draw" in part
    assert "A number was not finite 1 time, before step 1,500" in part
    assert isinstance(learning_part(samples.curve(2)), Chart)


def test_recoveries_are_told_with_the_curve():
    records = samples.curve(3)
    assert "not finite" not in learning_chart(records).caption
    records[1] = replace(records[1], num_recoveries=2)
    told = f"A number was not finite 2 times, before step {records[1].step}; it was undone."
    assert told in learning_chart(records).caption


def test_loss_that_became_infinite_breaks_the_line():
    records = samples.curve(3)
    records[1] = replace(records[1], validation_loss=float("inf"))
    (figure,) = figures(learning_chart(records).view)
    assert next(trace for trace in figure.traces if trace["name"] == "validation loss")["y"][1] is None
