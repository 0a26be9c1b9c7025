"""How far gradients reach: closed forms, few lags, and what a trial keeps of it."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from elman import Recurrent
from elman.cells import ElmanCell
from elman.experiments import ExperimentReport, ExperimentSettings, Problem, read_report, run_experiment
from elman.experiments.gain import choose_lags, gradient_gain
from elman.experiments.naming import make_network
from elman.experiments.problems import Adding, Examples
from elman.experiments.results import GradientGain


def linear_layer(factor: float) -> Recurrent:
    """h_t = factor h_{t-1} + 1: a relu that is never below its kink."""
    cell = ElmanCell(2, 3, activation="relu")
    with torch.no_grad():
        cell.weight_ih.zero_()
        cell.weight_hh.copy_(factor * torch.eye(3))
        cell.get_parameter("bias").fill_(1)
    return Recurrent(cell)


def examples(*lengths: int) -> Examples:
    num_steps, batch_size = max(lengths), len(lengths)
    counts = torch.ones(num_steps, batch_size, dtype=torch.bool)
    return Examples(
        torch.randn(num_steps, batch_size, 2),
        torch.zeros(num_steps, batch_size),
        counts,
        torch.tensor(lengths),
    )


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_linear_network_keeps_a_power_of_its_factor(factor: float):
    found = gradient_gain(linear_layer(factor), examples(101))
    assert found[0] == 1
    # Four digits are kept, 5e-4 at most; a hundred products in float32 cost less than the rest.
    assert found == {lag: pytest.approx(factor**lag, rel=6e-4) for lag in found}
    assert len(found) < 60
    assert max(found) > 85


def test_the_longest_sequences_are_looked_at():
    assert max(gradient_gain(linear_layer(0.5), examples(1, 1, 2, 1, 1, 7, 1))) == 6


@pytest.mark.parametrize("factor", [1e30, float("nan")])
def test_what_is_no_finite_number_is_none(factor: float):
    found = list(gradient_gain(linear_layer(factor), examples(6)).values())
    assert found[2:] == [None] * 4
    assert "NaN" not in json.dumps(found)


def test_lags_are_few_and_the_same_for_any_number_of_steps():
    many = list(choose_lags(100_000))
    assert len(many) <= 100
    assert many[:17] == list(range(17))
    assert all(one < other <= max(one + 1, 1.125 * one) for one, other in pairwise(many))
    assert list(choose_lags(700)) == [lag for lag in many if lag < 700]


def run(**settings: Any) -> ExperimentReport:
    return run_experiment(
        ExperimentSettings("adding", lengths=(10,), seeds=(1,), max_sequences=320, **settings)
    )


def test_a_trial_keeps_the_gain_of_the_fresh_and_of_the_trained_network():
    report = run(cells=("gru",))
    assert [trial.gain is None for trial in report.trials] == [True, True, False]
    gain = report.trials[-1].gain
    assert gain is not None
    problem: Problem = Adding(10)
    torch.manual_seed(1)
    fresh: Any = make_network("gru", problem.input_size, problem.recipe.hidden_size, 10)
    again = gradient_gain(fresh, problem.draw(problem.recipe.batch_size, _generator(1)))
    assert dict(zip(gain.lags, gain.fresh, strict=True)) == again
    assert gain.trained != gain.fresh


def _generator(seed: int) -> Any:
    return np.random.default_rng((seed, 3))


def test_reach_is_the_first_lag_below_a_hundredth():
    gain = GradientGain((0, 1, 2, 3), (1.0, 0.5, 0.009, 0.02), (1.0, None, 0.5, 0.01))
    assert gain.reach(gain.fresh) == 2
    assert gain.reach(gain.trained) == float("inf")
    assert gain.reach(gain.fresh, share=0.6) == 1


def test_gains_come_back_from_json_and_may_be_missing_there():
    report = run(cells=("gru",), memoryless=False)
    data = json.loads(json.dumps(report.as_data()))
    assert read_report(data) == report
    del data["trials"][0]["gain"]
    assert read_report(data).trials[0].gain is None
