"""Trials repeat, stop when they are to, and are told as plain data."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from elman.cells import LSTMCell
from elman.errors import OptionError
from elman.experiments import ExperimentReport, ExperimentSettings, read_report, run_experiment
from elman.experiments.naming import make_network, parse_network, parse_schedule
from elman.training import BPTT, RTRL, TBPTT, PerStep


def run(name: str = "delayed-recall", **settings: Any) -> ExperimentReport:
    small: dict[str, Any] = {"lengths": (3,), "cells": ("gru",), "seeds": (0,), "memoryless": False}
    return run_experiment(ExperimentSettings(name, **{**small, **settings}))


def test_a_short_recall_is_solved_before_the_budget_ends():
    (trial,) = run(hidden_size=16, batch_size=32, learning_rate=0.02, evaluate_every=320).trials
    assert (trial.is_solved, trial.stopped_by) == (True, "success")
    assert trial.score >= 0.99
    assert trial.num_sequences == 32 * trial.num_updates < 24_000


@pytest.mark.parametrize("times", [1, 3])
def test_success_must_be_confirmed(monkeypatch: pytest.MonkeyPatch, times: int):
    monkeypatch.setattr("elman.experiments.problems.DelayedRecall.confirmations", times)
    (trial,) = run(hidden_size=16, learning_rate=0.02, evaluate_every=320).trials
    assert trial.stopped_by == "success"
    solved = [one.score >= 0.99 for one in trial.records]
    assert solved[-times:] == [True] * times
    assert not any(all(solved[t : t + times]) for t in range(len(solved) - times))


@pytest.mark.parametrize("network", ["dense", "convolution"])
def test_networks_without_memory_succeed_within_their_window_and_fail_beyond(network: str):
    options: dict[str, Any] = {"memoryless": True, "cells": (), "max_sequences": 9_600, "window": 5}
    found = {(trial.network, trial.length): trial.score for trial in run(lengths=(4, 5), **options).trials}
    assert found[network, 4] >= 0.99
    # Four equal classes and 512 sequences: six standard deviations above chance are 0.36.
    assert found[network, 5] < 0.36


def test_the_same_seed_gives_the_same_scores():
    first, again = (run("adding", lengths=(10,), max_sequences=320).trials[0] for _ in range(2))
    assert first.score == again.score
    assert [one.loss for one in first.records] == [one.loss for one in again.records]
    other = run("adding", lengths=(10,), max_sequences=320, seeds=(1,)).trials[0]
    assert other.score != first.score


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_sequences": 50}, "sequences"),
        ({"max_updates": 2}, "updates"),
        ({"max_seconds": 1e-9}, "seconds"),
        ({"learning_rate": 1e30, "max_sequences": 640}, "not finite"),
    ],
)
def test_a_budget_ends_a_trial(limit: dict[str, Any], reason: str):
    (trial,) = run("adding", lengths=(10,), **limit).trials
    assert (trial.stopped_by, trial.is_solved) == (reason, False)
    assert trial.num_sequences <= 640
    assert limit.get("max_sequences", 0) != 50 or trial.num_sequences == 50


@pytest.mark.parametrize("method", ["bptt", "tbptt:2", "tbptt:2:4", "per-step", "rtrl"])
def test_every_gradient_method_runs(method: str):
    small: dict[str, Any] = {"hidden_size": 3, "batch_size": 32, "max_sequences": 64}
    (trial,) = run("parity", lengths=(4,), through_time=(method,), **small).trials
    assert trial.name == ("gru" if method == "bptt" else f"gru, {method}")
    assert trial.num_updates >= 2


@pytest.mark.parametrize(
    ("text", "kind", "numbers"),
    [
        ("bptt", BPTT, None),
        ("TBPTT:50", TBPTT, (50, None)),
        ("tbptt:10:50", TBPTT, (10, 50)),
        ("per-step", PerStep, (1, None)),
        ("rtrl:4", RTRL, (4, None)),
    ],
)
def test_methods_by_name(text: str, kind: type, numbers: tuple[int, int | None] | None):
    method = parse_schedule(text)
    assert type(method) is kind
    assert numbers is None or (method.length, method.window) == numbers


@pytest.mark.parametrize("text", ["bptt:3", "tbptt", "tbptt:x", "tbptt:1:2:3", "online", ""])
def test_a_method_that_is_none_is_refused(text: str):
    with pytest.raises(OptionError, match="--through-time must be bptt, tbptt:50"):
        parse_schedule(text)


def test_a_cell_of_ones_own_by_its_file(tmp_path: Path):
    file = tmp_path / "own.py"
    file.write_text(
        "from elman.cells import GRUCell\n\n\nclass Own(GRUCell):\n"
        "    def __init__(self, input_size, hidden_size, gain=1.0):\n"
        "        super().__init__(input_size, hidden_size)\n        self.gain = gain\n"
    )
    assert make_network(f"{file}:Own", 2, 5, window=3).output_size == 5
    cell_class, options = parse_network(f"{file}:Own:gain=2.5")
    assert (cell_class.__name__, options) == ("Own", {"gain": 2.5})
    with pytest.raises(OptionError, match="Own has no option 'gian'"):
        parse_network(f"{file}:Own:gian=2.5")


def test_cells_by_name():
    assert parse_network("LSTMCell:forget_bias=2,bias=False") == (LSTMCell, {"forget_bias": 2, "bias": False})
    layer: Any = make_network("elman:activation=relu", 2, 5, window=3)
    assert (layer.cell.activation, layer.output_size) == ("relu", 5)
    for text, told in {
        "lstmm": "There is no cell called 'lstmm'",
        "lstm:forget": "written name=value",
        "lstm:size=3": "LSTMCell has no option 'size'",
        "lstm:hidden_size=3": "LSTMCell has no option 'hidden_size'",
    }.items():
        with pytest.raises(OptionError, match=told):
            parse_network(text)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": "latch"}, "There is no experiment called 'latch'"),
        ({"window": 0}, "`window` must be a positive integer"),
        ({"learning_rate": -1.0}, "`learning_rate` must be positive"),
        ({"learning_rate": True}, "`learning_rate` must be a finite number, but it is True"),
        ({"clip_norm": "1"}, "`clip_norm` must be a finite number, but it is '1'"),
        ({"seeds": ()}, "`seeds` must have one element"),
        ({"cells": (), "memoryless": False}, "`cells` must have one element"),
        ({"lengths": (0,)}, "`length` of Adding"),
    ],
)
def test_settings_that_cannot_be_run_are_refused(settings: dict[str, Any], told: str):
    with pytest.raises(OptionError, match=told):
        ExperimentSettings(**{"name": "adding", **settings})


def test_a_report_comes_back_from_json_and_counts_its_seeds():
    report = run("parity", lengths=(3, 2), seeds=(0, 1), max_sequences=64, cells=("gru", "lstm"))
    assert read_report(json.loads(json.dumps(report.as_data()))) == report
    rows = list(report.summaries())
    assert [(one.name, one.length) for one in rows] == [("gru", 2), ("lstm", 2), ("gru", 3), ("lstm", 3)]
    assert [trial.score for trial in report.trials[:2]] == list(rows[2].scores)


def test_what_is_given_twice_is_run_once():
    """Else one seed would count as two that agree."""
    settings = ExperimentSettings(
        "adding", lengths=(8, 8), cells=("gru", "gru"), through_time=("bptt", "bptt"), seeds=(1, 0, 1)
    )
    assert (settings.lengths, settings.seeds) == ((8,), (1, 0))
    assert settings.networks()[2:] == [("gru", "bptt")]


def test_a_score_that_is_not_a_number_is_null_in_json_and_the_worst():
    report = run("adding", lengths=(8,), cells=("gru",), seeds=(0, 1, 2), max_sequences=32, memoryless=False)
    bad = replace(
        report.trials[1], score=math.nan, records=(replace(report.trials[1].records[0], loss=math.nan),)
    )
    report = replace(report, trials=(report.trials[0], bad, report.trials[2]))
    text = json.dumps(report.as_data(), allow_nan=False)
    again = read_report(json.loads(text))
    assert math.isnan(again.trials[1].score)
    assert math.isnan(again.trials[1].records[0].loss)
    (row,) = again.summaries()
    assert row.score == max(report.trials[0].score, report.trials[2].score)
