"""The page of a language model: text is escaped, colours follow the activity."""

import re
from dataclasses import replace

from elman.data.findings import Finding
from elman.report.activity import coloured
from elman.report.charts.chart import Choice, Figure
from elman.report.charts.flow import flow_chart
from elman.report.text import render_text_report
from elman.tasks.results.forecast import FlowPoint
from elman.tasks.results.scores import ScoreRow, ScoreTable
from elman.tasks.results.text import Sample, TextReport, UnitActivity
from elman.training.records import EvaluationRecord

SCORES = ScoreTable(
    "test",
    [
        ScoreRow("elman (LSTM)", {"nats per character": 1.5}, False),
        ScoreRow("unigram", {"nats per character": 3}, True),
    ],
    100,
    ["elman wins."],
    model="model",
    scored="character",
)
REPORT = TextReport(
    title="A <book>",
    unit="character",
    num_symbols={"training": 1000, "validation": 10, "test": 100},
    vocabulary_size=20,
    scores=[SCORES, replace(SCORES, part="validation")],
    curve=[EvaluationRecord(10, 1.0, 3.0, 2.0, 0.004, 0.5, True)],
    samples=[Sample(0.5, "<script>alert(1)</script>")],
    symbols=["a", "<", "\n"],
    activities=[UnitActivity(7, [0.0, -1.0, 0.5]), UnitActivity(9, [float("nan"), 0.0, 0.0])],
    kernel="llvm: LSTMCell runs",
    findings=[Finding("unknown_symbols", "2 % unknown.", "warning")],
    configuration={"data": "book.txt"},
    seconds=120.0,
    seconds_per_1000=0.25,
    num_parameters=1234,
)


def test_text_is_escaped_and_every_part_is_there():
    page = render_text_report(REPORT)
    assert "<script>alert(1)" not in page
    for words in (
        "A &lt;book&gt;",
        "Temperature 0.5",
        "Unit 7",
        "Unit 9",
        "0.2500",
        "1,234 parameters",
        "2 % unknown.",
    ):
        assert words in page


def test_what_is_said_of_a_table_and_of_the_settings_is_true_of_a_text():
    page = render_text_report(REPORT)
    assert "All of them are better when lower." in page
    assert "coverage when nearer" not in page
    assert "repeats but for the clock" in page
    stepped = render_text_report(replace(REPORT, configuration={"num_steps": 10}))
    assert "With the same text, these settings and this seed the run repeats." in stepped


def test_the_flow_is_drawn_from_the_nearest_lag_to_the_farthest():
    lags = (0, 1, 2, 4, 8, 16, 32)
    flow = [FlowPoint(step, "layer", "state", lags, [0.5] * 7) for step in (0, 50)]
    names = re.findall(r"lag \d+", str(flow_chart(flow).view))
    assert list(dict.fromkeys(names))[:5] == ["lag 0", "lag 2", "lag 4", "lag 8", "lag 32"]
    assert "Of the loss of one character alone" in render_text_report(replace(REPORT, flow=flow))
    assert "Of the loss of one character alone" not in render_text_report(REPORT)


def test_a_single_look_at_the_flow_is_drawn_against_the_lag():
    flow = [FlowPoint(50, "layer", state, (0, 1, 2, 4), [0.5, 0.25, 0.0, None]) for state in ("h", "c")]
    chart = flow_chart(flow)
    assert isinstance(chart.view, Choice)
    for _, figure in chart.view.options:
        assert isinstance(figure, Figure)
        (trace,) = figure.traces
        assert (trace["x"], trace["y"]) == ([0, 1, 2, 4], [0.5, 0.25, None, None])
        assert (trace["name"], trace["mode"]) == ("optimizer step 50", "lines")
        assert figure.layout["xaxis"]["title"]["text"] == "lag"
    assert "A line that falls" in chart.caption
    assert "Lines that fall apart" in flow_chart([*flow, replace(flow[0], step=100)]).caption


def test_colours_follow_sign_and_size_of_the_activity():
    page = render_text_report(REPORT)
    # 0 of 4 levels, then -4 (orange, darkest), then 2 (blue).
    assert (
        '<span>a</span><span style="background:rgba(214,94,0,0.60)">&lt;</span>'
        '<span style="background:rgba(0,103,168,0.30)">\n</span>'
    ) in page


def test_words_are_parted_by_spaces():
    assert "".join(coloured(["the", "cat"], [0, 0], "word")) == "<span>the cat </span>"


def test_the_same_report_gives_the_same_page():
    assert render_text_report(REPORT) == render_text_report(replace(REPORT))


def test_a_report_without_samples_and_activities_has_no_such_sections():
    page = render_text_report(replace(REPORT, samples=[], activities=[], symbols=[], curve=[]))
    assert "What it writes" not in page
    assert "What single units follow" not in page
