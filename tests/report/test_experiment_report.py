"""The page, the picture and the sentences of an experiment that is written by hand."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import pytest

from elman.experiments.results import ExperimentReport, GradientGain, Trial, TrialRecord
from elman.report.charts.experiment import learning_chart, network_styles, score_by_length_chart
from elman.report.charts.gain import gain_chart
from elman.report.experiment import render_experiment_report, verdicts
from elman.report.svg import Scale, experiment_svg
from elman.report.tables.experiment import summary_cells
from elman.report.tables.gain import gain_table


def trial(network: str, length: int, seed: int, score: float, num_sequences: int = 100) -> Trial:
    records = tuple(TrialRecord(n, n / 10, 0.5, score) for n in (num_sequences // 2, num_sequences))
    return Trial(network, "bptt", length, seed, 1234, score >= 0.9, score, "success", 10, records)


def report(*lengths: int) -> ExperimentReport:
    trials = [
        one
        for length in lengths
        for one in (
            trial("lstm", length, 0, 0.95, 100),
            trial("lstm", length, 1, 0.99, 300),
            trial("a<b", length, 0, 0.25),
            trial("a<b", length, 1, 0.26 if length < 50 else 0.91),
        )
    ]
    return ExperimentReport(
        "toy", "A toy", "Say it again.", "steps", "accuracy", False, 0.25, dict.fromkeys(lengths, 0.9), 10,
        trials, {"name": "toy"}, {"threads": 1},
    )  # fmt: skip


def test_sentences_name_who_solves_it_always_and_who_never():
    assert list(verdicts(report(10, 50))) == [
        "At length 10, solved with every seed by lstm; with none by a<b.",
        "At length 50, solved with every seed by lstm; with some seeds by a<b.",
    ]


def test_a_sentence_says_that_nobody_solves_it():
    lost = replace(report(10), trials=[trial("lstm", 10, 0, 0.25), trial("gru", 10, 0, 0.3)])
    assert list(verdicts(lost)) == ["At length 10, solved by none."]


def test_a_row_of_the_table():
    rows = list(map(summary_cells, report(50).summaries()))
    assert rows[0] == ["lstm", "50", "1,234", "2 of 2", "0.9700", "0.9500, 0.9900", "200", "20.0 s"]
    assert rows[1][3] == "1 of 2"
    wild = replace(
        report(50), trials=[trial("relu", 50, seed, score) for seed, score in enumerate((4.2e17, 0.5))]
    )
    (row,) = map(summary_cells, wild.summaries())
    assert row[4:6] == ["2.1e+17", "4.2e+17, 0.5000"]


def test_page_holds_the_sections_and_escapes_names():
    page = render_experiment_report(report(10, 50))
    for part in ("A toy", "Say it again.", 'id="scores"', 'id="learning"', 'id="configuration"', "a&lt;b"):
        assert part in page
    assert "a<b" not in page


def test_medians_are_drawn_over_the_lengths():
    found = report(10, 50)
    chart = score_by_length_chart(found, network_styles(one.name for one in found.trials))
    first = chart.view.traces[0]  # pyright: ignore[reportAttributeAccessIssue]
    assert (first["name"], first["x"], first["y"]) == ("lstm", [10, 50], [0.97, 0.97])


@pytest.mark.parametrize("lengths", [(10,), (10, 50)])
def test_picture_is_xml_with_a_line_for_each_curve(lengths: tuple[int, ...]):
    tree = ElementTree.fromstring(experiment_svg(report(*lengths)))
    curves = [one for one in tree.iter("{http://www.w3.org/2000/svg}path") if one.get("fill") == "none"]
    assert len(curves) == (4 if len(lengths) == 1 else 2)
    texts = [one.text for one in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"lstm", "a<b", "accuracy"} <= set(texts)


def test_names_of_any_length_stand_within_the_picture():
    """In a wide font, such as Verdana, twelve pixels high: a letter of a name takes seven or less."""
    short = "elman:activation=relu"
    option = "recurrent_init=an_orthogonal_matrix_of_a_radius_of_a_half"
    networks = [short, f"gru:{option},double_bias=True,norm=0.5", *(f"cell {n}" for n in range(30))]
    found = replace(report(10), trials=[trial(network, 10, 0, 0.5) for network in networks])
    tree = ElementTree.fromstring(experiment_svg(found))
    width, height = map(float, tree.attrib["viewBox"].split()[2:])
    texts = list(tree.iter("{http://www.w3.org/2000/svg}text"))
    names = [one for one in texts if float(one.attrib["x"]) > 560 and one.attrib["text-anchor"] == "start"]
    assert all(float(one.attrib["x"]) + 7 * len(one.text or "") <= width for one in names)
    assert all(float(one.attrib["y"]) < height for one in names)
    assert [one.text for one in names][:4] == [short, f"gru:{option},", "double_bias=True,norm=0.5", "cell 0"]
    assert len({one.attrib["y"] for one in names}) == len(names)
    plain = replace(report(10), trials=[trial(short, 10, 0, 0.5)])
    assert 'viewBox="0 0 760 380"' in experiment_svg(plain)


def test_scales():
    assert Scale(0, 10, 100, 200).place(5) == 150
    assert Scale(1, 100, 0, 10, is_log=True).place(10) == pytest.approx(5)
    assert Scale(0, 10, 0, 1).place(99) == 1
    assert list(Scale(0.5, 200, 0, 1, is_log=True).ticks()) == [1, 10, 100]


def with_gains() -> ExperimentReport:
    """Two seeds of lstm, one of them on longer sequences; a<b has lost its gradient; dense has none."""
    gains = [
        GradientGain((0, 1, 2), (1.0, 0.5, 0.25), (1.0, 1.0, 0.5)),
        GradientGain((0, 1, 2, 3), (1.0, 0.1, 0.05, 0.001), (1.0, 3.0, 0.7, 0.6)),
        GradientGain((0, 1, 2), (1.0, 0.004, 0.002), (1.0, 0.0, None)),
    ]
    trials = [
        replace(trial(network, 10, seed, 0.95), gain=gain)
        for network, seed, gain in zip(("lstm", "lstm", "a<b"), (0, 1, 0), gains, strict=True)
    ]
    return replace(report(10), trials=[trial("dense", 10, 0, 0.25), *trials])


def test_gains_are_drawn_before_and_after_learning():
    found = with_gains()
    chart = gain_chart(found, network_styles(one.name for one in found.trials))
    traces = [(one["name"], one["xaxis"], one["x"], one["y"]) for one in chart.view.traces]  # pyright: ignore[reportAttributeAccessIssue]
    assert traces == [
        ("lstm", "x", (0, 1, 2), [1.0, 0.3, 0.15]),
        ("a<b", "x", (0, 1, 2), [1.0, 0.004, 0.002]),
        ("lstm", "x2", (0, 1, 2), [1.0, 2.0, 0.6]),
        ("a<b", "x2", (0, 1, 2), [1.0, None, None]),
    ]


def test_table_tells_how_far_gradients_reach():
    written = gain_table(with_gains())
    for cells in (("lstm", "10", "more than 3", "more than 3"), ("a&lt;b", "10", "1", "1")):
        heading, *rest = cells
        row = f'<th scope="row">{heading}</th>' + "".join(f"<td>{cell}</td>" for cell in rest)
        assert row in written
    assert "dense" not in written


def test_page_has_gradients_only_where_they_were_measured():
    assert 'id="gradients"' in render_experiment_report(with_gains())
    assert "gradients" not in render_experiment_report(report(10))


def test_small_errors_are_seen_beside_a_network_that_explodes():
    records = tuple(TrialRecord(100 * n, n, 0.5, score) for n, score in enumerate((5e6, 0.0123456, 4e-4), 1))
    wild = replace(trial("relu", 10, 0, 4e-4), records=(*records, TrialRecord(400, 4, 0.5, float("nan"))))
    errors = replace(
        report(10), lower_is_better=True, score_name="error", chance=0.2, bars={10: 0.001}, trials=[wild]
    )
    figure: Any = learning_chart(errors, network_styles(["relu"])).view
    assert figure.traces[0]["y"] == [5e6, 0.012346, 4e-4, None]
    assert [(one["name"], one["x"], one["y"]) for one in figure.traces[1:]] == [
        ("chance", [0, 400], [0.2, 0.2]),
        ("solved", [0, 400], [0.001, 0.001]),
    ]
    low, high = figure.layout["yaxis"]["range"]
    assert 10**low < 4e-4 < 0.2 < 10**high < 10
