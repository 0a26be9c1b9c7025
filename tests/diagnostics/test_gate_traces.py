"""Gates and activations found inside a cell, against the same computed by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import hardtanh

import elman
from elman import Cell, observe
from elman.cells import ElmanCell
from elman.diagnostics import gates, gradient_by_lag, step_jacobians
from elman.diagnostics.observed import Observed

F64 = torch.float64


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def test_gates_of_a_gru_are_those_of_its_equation():
    layer = elman.GRU(3, 5, dtype=F64)
    input, lengths = torch.randn(6, 3, 3, dtype=F64), [6, 2, 4]
    (found,) = gates(layer, input, lengths=lengths)
    w, u, b, d = (parameter.detach().numpy() for parameter in layer.parameters())
    hidden = np.zeros(5)
    traces = []
    for x in input[:, 0].numpy():
        (wr, wz, wn), (ur, uz, un) = np.split(w @ x + b, 3), np.split(u @ hidden + d, 3)
        reset, update = sigmoid(wr + ur), sigmoid(wz + uz)
        candidate = np.tanh(wn + reset * un)
        hidden = (1 - update) * candidate + update * hidden
        traces.append((reset, update, candidate, hidden))
    expected = [np.stack(trace) for trace in zip(*traces, strict=True)]
    for value, trace in zip([*found.values, *found.states], expected, strict=True):
        np.testing.assert_allclose(value.trace, trace, rtol=1e-12, atol=1e-14)
    names = [(value.name, value.kind) for value in found.values]
    assert names == [("reset", "gate"), ("update", "gate"), ("candidate", "tanh")]
    np.testing.assert_allclose(found.values[1].mean_over_time[4:], expected[1][4:].mean(axis=1), rtol=1e-12)


class Named(Cell):
    """Has every kind of activation, and a value that is none."""

    def forward(self, input: Tensor, state: Tensor):
        keep = observe("keep", torch.sigmoid(input))
        state = keep * state + hardtanh(input) + torch.relu(input)
        observe("sum", state)
        return state, input.sigmoid() * state


def test_shares_are_counted_and_names_kept():
    input = torch.tensor([-9.0, -9.0, 0.0, 9.0]).view(4, 1, 1).expand(4, 2, 2)
    (found,) = gates(elman.Recurrent(Named(2, 2)), input)
    shares = {value.name: (value.kind, value.low, value.high) for value in found.values}
    assert shares == {
        "keep": ("gate", 0.5, 0.25),
        "hardtanh(input)": ("tanh", 0.5, 0.25),
        "relu(input)": ("relu", 0.75, 0.0),
        "sum": ("value", 0.0, 0.0),
        "sigmoid(input)": ("gate", 0.5, 0.25),
    }
    assert found.find("keep").mean == pytest.approx((0.5 + 1) / 4, abs=1e-3)
    with pytest.raises(KeyError, match=r"recurrent has no value 'gone'; it has \['keep',"):
        found.find("gone")


def test_padding_is_not_counted():
    input = torch.full((4, 2, 2), 9.0)
    input[2:, 1] = torch.nan
    (found,) = gates(elman.Recurrent(Named(2, 2)), input, lengths=[4, 2])
    assert found.find("keep").high == 1.0
    assert np.isfinite(found.states[0].size).all()
    input[1, 1] = torch.nan
    (found,) = gates(elman.Recurrent(Named(2, 2)), input, lengths=[4, 2])
    np.testing.assert_array_equal(np.isnan(found.states[0].size), [False, True, False, False])
    assert np.isnan(found.find("keep").mean)


def test_a_dead_unit_is_seen_unit_by_unit():
    cell = ElmanCell(2, 3, activation="relu")
    with torch.no_grad():
        cell.bias[1] = -100.0  # pyright: ignore[reportOptionalSubscript]
    (found,) = gates(elman.Recurrent(cell), torch.rand(9, 4, 2))
    assert found.values[0].low_by_unit[1] == 1.0
    assert found.values[0].mean_by_unit[1] == 0.0


class Shared(Cell):
    """A gate of parameters alone: its first axis is no batch."""

    def __init__(self):
        super().__init__(2, 2)
        self.raw = torch.nn.Parameter(torch.zeros(5, 2))

    def forward(self, input: Tensor, state: Tensor):
        state = torch.sigmoid(self.raw).mean(dim=0) * state + torch.tanh(input)
        return state, state


def test_what_has_no_rows_is_left_out():
    (found,) = gates(elman.Recurrent(Shared()), torch.ones(3, 2, 2))
    assert [value.name for value in found.values] == ["tanh(input)"]


class Composed(Cell):
    """Two cells in one: their values have the same names."""

    def __init__(self):
        super().__init__(2, 2)
        self.lower, self.upper = ElmanCell(2, 2), ElmanCell(2, 2)

    def forward(self, input: Tensor, state: Tensor):
        hidden, state = self.lower(observe("twice", input), state)
        return self.upper(observe("twice", hidden), state)


def test_equal_names_are_numbered_and_compiled():
    cell = Observed(Composed(), torch.ones(1))
    elman.Recurrent(cell, backend="llvm")(torch.ones(3, 2, 2))
    assert [value.name for value in cell.inside] == ["twice", "twice 2", "hidden"]


def test_gates_of_an_lstm_are_called_what_the_source_calls_them():
    (found,) = gates(elman.LSTM(2, 2), torch.ones(3, 2, 2))
    assert [value.name for value in found.values] == [
        "sigmoid(forget_gate)",
        "sigmoid(input_gate)",
        "tanh(candidate)",
        "sigmoid(output_gate)",
        "tanh(memory)",
    ]


def test_without_a_source_the_activation_gives_the_name():
    scope = {"Cell": Cell, "torch": torch}
    exec(  # a class typed at a prompt
        "class Typed(Cell):\n"
        "    def forward(self, input, state):\n"
        "        state = torch.tanh(input + state)\n"
        "        return state, state\n",
        scope,
    )
    (found,) = gates(elman.Recurrent(scope["Typed"](2, 2)), torch.ones(3, 2, 2))  # pyright: ignore[reportCallIssue]
    assert [value.name for value in found.values] == ["tanh"]


def test_the_longest_sequence_is_traced_in_either_direction():
    input = torch.randn(9, 4, 2)
    for reverse in (False, True):
        layer = elman.Recurrent(ElmanCell(2, 3), reverse=reverse)
        (found,) = gates(layer, input, lengths=[2, 5, 9, 9], num_sequences=2)
        (alone,) = gates(layer, input[:, 2:3])
        np.testing.assert_allclose(found.states[0].trace, alone.states[0].trace, rtol=1e-5, atol=1e-7)
        (some,) = step_jacobians(layer, input, lengths=[2, 5, 9, 9])
        (one,) = step_jacobians(layer, input[:, 2:3])
        np.testing.assert_allclose(some.singular_values, one.singular_values, rtol=1e-4)
        (pair,) = gradient_by_lag(layer, input, lengths=[2, 5, 9, 9], num_sequences=2)
        (both,) = gradient_by_lag(layer, input[:, 2:])
        np.testing.assert_allclose(pair.frobenius, both.frobenius, rtol=1e-4)
