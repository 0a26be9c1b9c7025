"""Rows become verdicts, and both survive JSON."""

import json

import pytest

from elman.benchmark.kinds import KINDS
from elman.benchmark.peak import count_operations, peak_rows
from elman.benchmark.results import BenchmarkReport, Row, Verdict
from elman.benchmark.settings import KIND_NAMES
from elman.benchmark.shapes import STANDING, Shape, parse_shape
from elman.benchmark.verdicts import MEAN_BARS, WORST_BARS, judge
from elman.errors import OptionError

SMALL, LARGE = STANDING[0], STANDING[5]


def row(section: str, name: str, figure: float | None, shape: Shape = SMALL, **more) -> Row:
    values = {} if figure is None else {"torch.nn": 10.0 * figure, "elman": 10.0}
    return Row(section, name, shape, "ms", values, figure, "llvm", **more)


def test_layers_are_judged_by_kind():
    rows = [row("train", "GRU", 4), row("train", "GRU", 25, LARGE), row("train", "LSTM", 0.5)]
    mean, worst, *of_lstm = judge(rows)
    assert (mean.name, mean.statistic, mean.value, mean.grade) == (
        "GRU", "geometric mean of 2", pytest.approx(10), "aim"
    )  # fmt: skip
    assert (worst.statistic, worst.value, worst.grade) == (f"worst of 2: {SMALL}", 4, "aim")
    assert [verdict.grade for verdict in of_lstm] == ["missed", "missed"]


def test_cells_are_judged_together_and_the_worst_is_named():
    mean, worst = judge([row("cells", "LSTMCell", 9), row("cells", "MinGRU", 5)])
    assert (mean.name, mean.grade) == ("", "missed")
    assert (worst.statistic, worst.grade) == (f"worst of 2: MinGRU {SMALL}", "must")


def test_less_is_better_for_shares_of_time_and_memory():
    (lengths,) = judge([row("lengths", "GRU", 0.5), row("lengths", "LSTM", 0.6)])
    assert (lengths.value, lengths.grade) == (0.6, "must")
    (memory,) = judge([row("memory", "LSTM", 0.5)])
    assert memory.grade == "aim"
    (first_call,) = judge([row("first-call", "MinGRU", 2.5)])
    assert first_call.grade == "missed"


def test_jax_has_bars_of_its_own():
    verdicts = judge([row("train", "GRU", 9, others={"jax": 2.0})])
    assert [(verdict.section, verdict.grade) for verdict in verdicts] == [
        ("train", "aim"), ("train", "aim"), ("jax", "must")
    ]  # fmt: skip


def test_red_row_leaves_its_group_without_a_number():
    verdicts = judge([row("train", "GRU", 9), row("train", "GRU", None, LARGE, red="wrong")])
    assert [(verdict.value, verdict.grade) for verdict in verdicts] == [(None, "red")] * 2


def test_section_without_a_bar_has_no_grade():
    assert [verdict.grade for verdict in judge([row("step", "GRU", 2)])] == [""]


def test_every_bar_belongs_to_a_layer():
    titles = {kind.title for kind in KINDS.values()} | {""}
    assert {name for _, name in [*MEAN_BARS, *WORST_BARS]} <= titles
    assert tuple(KINDS) == KIND_NAMES
    for must, aim in [(bar.must, bar.aim) for bar in MEAN_BARS.values()]:
        assert must < aim


def test_report_survives_json():
    rows = [
        row("train", "GRU", 9, others={"jax": 2.0}),
        row("train", "LSTM", None, red="wrong"),
        Row("peak", "the machine", None, "GFLOP/s", {"multiply-adds": 300.0}, None),
    ]
    report = BenchmarkReport({"cores": 2}, rows, judge(rows), ["one note"])
    data = json.loads(json.dumps(report.as_data()))
    assert [verdict["grade"] for verdict in data["verdicts"]][:2] == ["aim", "aim"]
    again = BenchmarkReport.from_data(data)
    assert again == report
    assert isinstance(again.rows[0].shape, Shape)
    assert again.red == [rows[1]]
    assert isinstance(again.verdicts[0], Verdict)


def test_share_of_the_peak_is_that_of_wide_training_rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("elman.benchmark.peak._NUM_TURNS", 1000)
    rows = [row("train", "GRU", 9), row("train", "GRU", 2, LARGE), row("forward", "GRU", 2, LARGE)]
    machine, share = peak_rows(rows)
    (gflops,) = machine.values.values()
    assert gflops > 0
    assert share.figure == pytest.approx(count_operations(LARGE, 3) / 10e-3 / 1e9 / gflops)


def test_operations_of_one_step_are_counted_by_hand():
    # Forward 3 x 2 and 3 x 3, both again for the weights, and 3 x 3 for the gradient of h: 39 pairs.
    assert count_operations(Shape(1, 1, 2, 3), num_gates=1) == 2 * (6 + 9 + 6 + 9 + 9)
    assert count_operations(Shape(5, 7, 2, 3), num_gates=4) == 5 * 7 * 4 * 78


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,1,1,1", "1,2,3,-4", "1;2;3;4"])
def test_shape_must_be_four_sizes(text: str):
    with pytest.raises(OptionError, match=r"A shape is T,N,I,H"):
        parse_shape(text)


def test_shape_is_read_as_it_is_printed():
    assert [parse_shape(str(shape)) for shape in STANDING] == list(STANDING)
