"""One look for the networks of every task, held against closed forms."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman import Cell, Recurrent
from elman.diagnostics.runs import collect_runs
from elman.errors import OptionError
from elman.tasks.inspection import NetworkInspection, Subject, inspect_network, spread_over
from elman.tasks.inspection_memory import _Driven

T, N = 12, 3


class Fading(Cell):
    """s_t = share s_{t-1} + x_t: every Jacobian is the share itself."""

    def __init__(self, share: float):
        super().__init__(1, 1)
        self.share = share

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = self.share * state + input
        return state, state


class Register(Cell):
    """Keeps the last values of the second input, one a feature; the first input is left out."""

    def __init__(self, length: int):
        super().__init__(2, length)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = torch.cat([input[:, 1:], state[:, :-1]], dim=1)
        return state, state


class Wide(Cell):
    """More numbers in a state than a Jacobian is looked at for."""

    def __init__(self):
        super().__init__(1, 1025)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = 0.5 * state + torch.sigmoid(input)
        return state, state


class BothWays(nn.Module):
    """One layer from the start, one from the end; side by side."""

    def __init__(self):
        super().__init__()
        self.ahead = Recurrent(Fading(0.9))
        self.behind = Recurrent(Fading(0.5), reverse=True)

    def forward(self, input: Tensor) -> Tensor:
        return torch.cat([self.ahead(input)[0], self.behind(input)[0]], dim=-1)


def look(network: nn.Module, input: Tensor | None = None, **more: Any) -> NetworkInspection:
    def loss(output: Any, *_: Any) -> Tensor:
        return (output[0] if isinstance(output, tuple) else output)[-1].sum()

    input = torch.randn(T, N, 1) if input is None else input
    options = {"loss": loss, "part": "test", "num_sequences": N, "sequence": "sequence", "asked": "The end."}
    return inspect_network(Subject(network, input, **{**options, **more}))


def numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array(values, dtype=float)


def test_every_layer_is_asked_where_it_ends():
    # Asked of layers in the wrong direction, these losses would give other numbers.
    found = look(
        BothWays(),
        loss=lambda output: output[-1, :, 0].sum() + 7 * output[3, :, 1].sum(),
        reverse_loss=lambda output: output[0, :, 1].sum() + 5 * output[8, :, 0].sum(),
    )
    ahead, behind = found.flow.states
    np.testing.assert_allclose(ahead.over_lag, 0.9 ** np.arange(T), rtol=1e-5)
    np.testing.assert_allclose(behind.over_lag, 0.5 ** np.arange(T), rtol=1e-5)


def test_a_loss_without_a_counterpart_is_asked_of_every_layer():
    found = look(BothWays(), loss=lambda output: output[0].sum())
    np.testing.assert_allclose(found.flow.states[1].over_lag, 0.5 ** np.arange(T), rtol=1e-5)
    np.testing.assert_allclose(found.flow.states[0].over_lag, np.arange(T) == T - 1, atol=1e-12)


def test_one_step_and_many_are_what_the_cell_does():
    found = look(Recurrent(Fading(0.9)))
    (jacobians,), (lags,) = found.jacobians, found.lags
    np.testing.assert_allclose(jacobians.spectral_radius[:, 0], 0.9, rtol=1e-6)
    np.testing.assert_allclose(lags.gain, 0.9 ** np.arange(T), rtol=1e-5)
    assert (found.task_lag, found.part, found.num_sequences) == (T - 1, "test", N)
    assert look(Recurrent(Fading(0.9)), task_lag=5).task_lag == 5


def test_a_register_remembers_as_many_values_as_it_holds():
    # The first input hardly varies: a signal along it would leave nothing to be read.
    input = torch.stack([5 + 1e-3 * torch.randn(T, N), torch.randn(T, N)], dim=-1)
    (memory,) = look(Recurrent(Register(3)), input).memory.values()
    np.testing.assert_allclose(memory.recall[:3], 1, atol=1e-4)  # of the variance, in float32
    assert memory.recall[3:].max() < 0.05  # of noise; R2 on 1600 steps strays by about 1 / sqrt(1600)
    assert len(memory.recall) == 51
    assert len(look(Recurrent(Register(3)), input, task_lag=80).memory["recurrent"].recall) == 81


def test_the_signal_runs_where_the_real_input_varies():
    draw = torch.Generator().manual_seed(0)
    along = 2 * torch.randn(400, 50, 1, generator=draw)
    input = torch.tensor([1.0, -3.0]) + along * torch.tensor([0.6, 0.8])
    (run,) = collect_runs(Recurrent(Register(3)), input)
    driven = _Driven(run)
    np.testing.assert_allclose(driven.mean, [1, -3], atol=0.05)  # 3 standard errors of 20,000 draws
    np.testing.assert_allclose(driven.direction.abs(), [1.2, 1.6], rtol=0.02)
    assert driven.direction[0] * driven.direction[1] > 0


def test_padding_is_no_input():
    input = torch.full((T, 2, 2), 1e6)
    input[:4] = torch.tensor([1.0, -3.0]) + torch.randn(4, 2, 2)
    (run,) = collect_runs(Recurrent(Register(3)), input, lengths=[4, 2])
    assert run.batch.input.abs().max() == 1e6
    assert _Driven(run).mean.abs().max() < 10


def test_a_state_that_is_too_large_has_no_jacobians():
    assert look(Recurrent(Wide())).jacobians == ()
    assert look(Recurrent(Fading(0.5)), torch.randn(200, 1, 1)).jacobians[0].steps.tolist() == list(
        range(0, 200, 5)
    )


def test_what_is_not_finite_ends_the_look():
    found = look(Recurrent(Register(3)), torch.full((T, N, 2), math.nan))
    assert [one.kind for one in found.findings] == ["non_finite"]
    assert found.memory == {}
    json.dumps(asdict(found.report()), allow_nan=False)


def test_a_network_is_looked_at_as_it_is_used_without_dropout():
    network = nn.Sequential(Recurrent(Fading(0.9))).train()
    look(network)
    assert not network.training


def test_a_lag_that_is_none_is_refused():
    with pytest.raises(OptionError, match="`task_lag` must be a positive integer, but it is 0"):
        look(Recurrent(Fading(0.9)), task_lag=0)


def test_a_page_holds_plain_numbers_of_what_was_measured():
    torch.manual_seed(0)
    layer = nn.LSTM(1, 40)
    found = look(layer, torch.randn(230, N, 1), steps=["x"] * 230)
    report = found.report(title="Inside", configuration={"seed": 1})
    json.dumps(asdict(report), allow_nan=False)
    assert (report.title, report.asked, dict(report.configuration)) == ("Inside", "The end.", {"seed": 1})
    assert [len(one.norms) for one in report.gradients] == [230, 230]
    np.testing.assert_allclose(numbers(report.reaches[0].gain), found.lags[0].gain, rtol=1e-3)
    assert [one.name for one in report.traces][-2:] == ["h", "c"]
    assert all(len(one.units) == 24 and len(one.values[0]) == 200 for one in report.traces)
    assert len(report.steps) == 200
    cell_state = found.activity[0].states[1].trace[:200]
    still = set(range(40)) - set(report.traces[-1].units)
    moving = cell_state.std(axis=0)
    assert max(moving[list(still)]) <= min(moving[list(report.traces[-1].units)])


def test_the_middle_of_the_singular_values_is_their_median():
    layer = nn.RNN(1, 5)
    found = look(layer)
    (stretch,) = found.report().stretches
    values = found.jacobians[0].singular_values[:, 0]
    np.testing.assert_allclose(numbers(stretch.largest), values[:, 0], rtol=1e-3)
    np.testing.assert_allclose(numbers(stretch.median), values[:, 2], rtol=1e-3)


def test_some_of_many_sequences_are_spread_over_all():
    assert spread_over(1).tolist() == [0]
    assert spread_over(1000)[[0, -1]].tolist() == [0, 999]
    assert len(set(spread_over(17).tolist())) == 16
