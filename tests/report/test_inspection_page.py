"""The page of an inspection: what is wrong first, every chart of what was measured, text escaped."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from test_browser import PROBE, Visit, browser, visit

from elman.diagnostics.finding import make_finding
from elman.report import write_report
from elman.report.activity import levels_of
from elman.report.charts.chart import Choice, Figure, as_json
from elman.report.charts.inside import saturation_chart, trace_chart
from elman.report.charts.inspection import gradient_chart, reach_chart, recall_chart, stretch_chart
from elman.report.inspection import render_inspection_report
from elman.tasks.results.inspection import (
    InspectionReport,
    LayerReach,
    LayerRecall,
    Passage,
    StateGradient,
    StepStretch,
    UnitTraces,
    ValueActivity,
)
from elman.tasks.results.text import UnitActivity

__all__ = ["browser", "visit"]  # fixtures

ATTACK = "<img src=x onerror=alert(1)>"
LAYERS = ("encoder", "decoder")
REPORT = InspectionReport(
    title=f"Inside {ATTACK}",
    part="test",
    num_sequences=3,
    sequence="passage",
    task_lag=24,
    asked="The loss is that of the last symbol.",
    findings=[make_finding("vanishing_gradient", "encoder", f"{ATTACK}: it vanishes.", lag=24.0)],
    gradients=[StateGradient(layer, "h", [0.5, 0.0, None, 1e-7]) for layer in LAYERS],
    reaches=[LayerReach("encoder", [1.0, 0.5, 0.0], 2), LayerReach("decoder", [1.0, 0.9, 0.8], None)],
    stretches=[StepStretch(layer, [0, 5], [0.9, 1.1], [1.5, 1.7], [0.2, 0.3]) for layer in LAYERS],
    values=[ValueActivity(layer, "forget_gate", "gate", 0.7, 0.1, 0.25) for layer in LAYERS],
    traces=[
        UnitTraces(layer, name, kind, [3, 7], [[0.1, 0.9, None], [-0.5, 0.2, 0.3]])
        for layer in LAYERS
        for name, kind in (("forget_gate", "gate"), ("c", "state"))
    ],
    steps=["<b>", "\n", "cat"],
    recalls=[LayerRecall(layer, [1.0, 0.6, 0.3, 0.0], 1.9, 8) for layer in LAYERS],
    passages=[Passage("test", "character", ["<", "b", "\n"], UnitActivity(5, [0.0, -1.0, 0.5]))],
    configuration={"data": "book.txt"},
)


def view_of(view: Figure | Choice, *chosen: str) -> dict[str, Any]:
    """The figure that a reader gets who chooses these options."""
    for text in chosen:
        assert isinstance(view, Choice)
        view = dict(view.options)[text]
    assert isinstance(view, Figure)
    return as_json(view)


def test_what_is_wrong_comes_first_with_what_helps():
    page = render_inspection_report(REPORT)
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "What is wrong, and what helps",
        "How far gradients reach",
        "Single steps",
        "Gates and activations",
        "Along one sequence",
        "What single units follow",
        "Memory",
        "Configuration",
    ]
    assert "Found: vanishing gradient." in page
    assert "Helps: a gated cell: elman.LSTM or elman.GRU; shorter paths: leaky units" in page
    assert "docs/diagnostics.md#vanishing-gradient" in page
    assert "test part, 3 passages" in page
    assert "the task looks 24 steps back" in page
    assert REPORT.asked in page
    assert ATTACK not in page


def test_a_healthy_network_is_told_so():
    page = render_inspection_report(replace(REPORT, findings=[]))
    assert "Nothing keeps this network from learning." in page
    assert "gradients reach 24 steps back" in page


def test_what_was_not_measured_has_no_section():
    bare = replace(
        REPORT, stretches=[], values=[], traces=[], recalls=[], passages=[], steps=[], configuration={}
    )
    page = render_inspection_report(bare)
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["What is wrong, and what helps", "How far gradients reach"]
    assert '<th scope="row">encoder</th><td>–</td><td>–</td><td>2</td><td>–</td><td>–</td>' in page


def test_the_table_says_how_long_a_layer_remembers():
    page = render_inspection_report(REPORT)
    row = '<th scope="row">{}</th><td>1.000</td><td>1.600</td><td>{}</td><td>1</td><td>1.9</td>'
    assert row.format("encoder", "2") in page
    assert row.format("decoder", "more than 2") in page
    assert '<th scope="row">encoder, forget_gate</th><td>0.700</td>' in page


def test_a_log_axis_has_no_zero():
    (line, _) = view_of(gradient_chart(REPORT.gradients).view)["data"]
    assert (line["x"], line["y"]) == ([0, 1, 2, 3], [0.5, None, None, 1e-7])
    (line, _) = view_of(reach_chart(REPORT.reaches).view)["data"]
    assert line["y"] == [1.0, 0.5, None]
    (line, _) = view_of(recall_chart(REPORT.recalls).view)["data"]
    assert line["y"] == [1.0, 0.6, 0.3, 0.0]


def test_layers_differ_without_colour_too():
    lines = view_of(gradient_chart([*REPORT.gradients] * 3).view)["data"]
    assert len({(line["line"]["color"], line["line"]["dash"]) for line in lines}) == 6


def test_each_layer_and_value_can_be_chosen():
    radius, largest, median = view_of(stretch_chart(REPORT.stretches).view, "decoder")["data"]
    assert [line["name"] for line in (radius, largest, median)] == [
        "spectral radius",
        "largest singular value",
        "median singular value",
    ]
    assert (radius["x"], radius["y"], median["y"]) == ([0, 5], [0.9, 1.1], [0.2, 0.3])
    low, high = view_of(saturation_chart(REPORT.values).view, "encoder")["data"]
    assert (low["x"], high["x"], low["y"]) == ([0.1], [0.25], ["forget_gate"])
    chart = trace_chart(REPORT.traces, REPORT.steps)
    (gate,) = view_of(chart.view, "encoder", "forget_gate")["data"]
    (state,) = view_of(chart.view, "encoder", "c")["data"]
    assert (gate["zmin"], gate["zmax"], gate["y"]) == (0, 1.0, ["3", "7"])
    assert (state["zmin"], state["zmax"]) == (-0.9, 0.9)


def test_steps_are_named_where_there_is_room():
    def ticks(steps: list[str]) -> list[str] | None:
        long = [replace(one, values=[[0.5] * 100]) for one in REPORT.traces]
        figure = view_of(trace_chart(long, steps).view, "encoder", "forget_gate")
        return figure["layout"]["xaxis"].get("ticktext")

    assert ticks(["a", "\n", "incomprehensible"]) == ["a", "↵", "incomprehens"]
    assert ticks([]) is None
    assert ticks(["a"] * 81) is None


def test_the_passage_is_coloured_as_the_unit_says():
    page = render_inspection_report(REPORT)
    assert (
        '<summary>Unit 5</summary><pre style="white-space:pre-wrap;overflow-wrap:anywhere"><span>&lt;</span>'
        '<span style="background:rgba(214,94,0,0.60)">b</span>'
    ) in page


def test_a_unit_that_says_nothing_has_no_levels():
    assert levels_of([0.0, 0.0]) == [0, 0]
    assert levels_of([float("inf"), 1.0, -0.5]) == [0, 4, -2]
    assert levels_of([]) == []


def test_the_same_report_gives_the_same_page(tmp_path: Any):
    write_report(REPORT, tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == render_inspection_report(replace(REPORT))


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_chart_and_choice_is_drawn(visit: Callable[..., Visit], scheme: str):
    preference = f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"
    probe = PROBE.replace(
        '".scatterlayer .trace"', '".scatterlayer .trace, .barlayer .trace, .heatmaplayer image"'
    )
    result = visit(
        render_inspection_report(REPORT).replace("</body>", probe), preference, "--window-size=500,900"
    )
    assert result.console == []
    charts = result.seen["charts"]
    assert {name: len(drawn) for name, drawn in charts.items()} == {
        "chart-loss-gradient": 1,
        "chart-state-gradient": 1,
        "chart-step-jacobian": 2,
        "chart-saturation": 2,
        "chart-traces": 4,
        "chart-recall": 1,
    }
    assert all(traces > 0 for drawn in charts.values() for traces in drawn)
    assert not result.seen["wide"]
    assert result.seen["title"] == f"Inside {ATTACK}"


@pytest.mark.browser
def test_the_names_of_steps_stay_text(visit: Callable[..., Visit]):
    hostile = replace(REPORT, steps=['<a href="x">', "<b>", "&lt;"])
    dom = visit(render_inspection_report(hostile).replace("</body>", PROBE)).dom
    ticks = dom[dom.index('id="chart-traces"') :]
    assert ">&lt;b&gt;</text>" in ticks
    assert ">&amp;lt;</text>" in ticks
