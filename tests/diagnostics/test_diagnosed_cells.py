"""Every cell of the house can be looked at, and two ways to its Jacobian agree."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import elman
from elman import Recurrent
from elman.cells import ALL_CELLS, Cell
from elman.diagnostics import (
    findings,
    gates,
    gradient_by_lag,
    gradient_flow,
    memory_capacity,
    step_jacobians,
)
from elman.errors import OptionError

F64 = torch.float64


def make(name: str) -> Recurrent:
    return Recurrent(ALL_CELLS[name](4, 4)).to(F64).eval()


@pytest.mark.parametrize("name", ALL_CELLS)
def test_one_step_is_the_gradient_at_lag_one(name: str):
    layer = make(name)
    input = torch.randn(3, 1, layer.input_size, dtype=F64)
    (steps,) = step_jacobians(layer, input)
    (by_lag,) = gradient_by_lag(layer, input)
    expected = by_lag.frobenius[1, 0]
    np.testing.assert_allclose(np.linalg.norm(steps.singular_values[-1]), expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", ALL_CELLS)
def test_states_are_those_of_the_layer(name: str):
    layer = make(name)
    input = torch.randn(3, 1, layer.input_size, dtype=F64)
    _, final_state = layer(input)
    (found,) = gates(layer, input)
    traces = [state.trace[-1] for state in found.states]
    parts = final_state if isinstance(final_state, tuple) else (final_state,)
    expected = torch.cat([part.flatten() for part in parts]).detach().numpy()
    np.testing.assert_allclose(np.concatenate(traces), expected, rtol=1e-9, atol=1e-12)
    for value in found.values:
        assert np.isfinite(value.trace).all()


def test_a_user_network_of_all_kinds_of_layers():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(7, 4)
            self.layers = elman.Stacked(
                elman.Bidirectional(ALL_CELLS["gru"](4, 4)), ALL_CELLS["lstm"](8, 4), dropout=0.5
            )

        def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
            return self.layers(self.embed(tokens), lengths=lengths)[0]

    flow = gradient_flow(
        Network(),
        torch.randint(0, 7, (5, 3)),
        lengths=torch.tensor([5, 2, 1]),
        loss=lambda output: output.sum(),
    )
    assert len(flow.states) == 4
    for one in flow.states:
        np.testing.assert_array_equal(np.isnan(one.norms).sum(axis=0), [0, 3, 4])


def learned(cell: Cell) -> Recurrent:
    layer = Recurrent(cell, learn_initial_state=True).to(F64)
    with torch.no_grad():
        for parameter in layer.learned_state or ():
            parameter.normal_()
    return layer


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_a_learned_initial_state_is_where_a_layer_begins(name: str):
    layer, input = learned(ALL_CELLS[name](4, 3)), torch.randn(5, 2, 4, dtype=F64)
    given = {"initial_state": layer.initial_state(2)}
    plain = Recurrent(layer.cell)
    for ours, theirs in zip(gates(layer, input), gates(plain, input, **given), strict=True):
        for one, other in zip(ours.values, theirs.values, strict=True):
            np.testing.assert_array_equal(one.trace, other.trace)
    np.testing.assert_array_equal(
        gradient_by_lag(layer, input)[0].frobenius, gradient_by_lag(plain, input, **given)[0].frobenius
    )
    np.testing.assert_array_equal(
        step_jacobians(layer, input)[0].singular_values,
        step_jacobians(plain, input, **given)[0].singular_values,
    )
    np.testing.assert_array_equal(
        gradient_flow(layer, input).states[0].norms, gradient_flow(plain, input, **given).states[0].norms
    )
    assert findings(layer, input) == findings(plain, input, **given)
    assert memory_capacity(layer, max_lag=2, num_steps=40).total > 0


class Inside(nn.Module):
    """Runs its layer in one of the ways in which a user may."""

    def __init__(self, way: str):
        super().__init__()
        self.layer, self.way = Recurrent(ALL_CELLS["gru"](4, 3)), way

    def forward(self, input: Tensor) -> Tensor:
        if self.way == "by keyword":
            return self.layer(input=input)[0]
        if self.way == "forward":
            return self.layer.forward(input)[0]
        outputs, state = [], None
        for one in input:
            output, state = self.layer.step(one, state)
            outputs.append(output)
        return torch.stack(outputs)


@pytest.mark.parametrize("way", ["by keyword", "forward"])
def test_a_layer_is_seen_however_it_is_run(way: str):
    network, input = Inside(way), torch.randn(6, 2, 4)
    (expected,) = gradient_flow(network.layer, input).states
    for _ in range(2):
        (found,) = gradient_flow(network, input).states
        np.testing.assert_array_equal(found.norms, expected.norms)
    assert [one.layer for one in gates(network, input)] == ["layer"]


def test_a_network_that_runs_no_sequence_is_refused():
    """Else nothing would be found, which reads as: all is well."""
    for look in (findings, gradient_flow, gradient_by_lag):
        with pytest.raises(
            OptionError, match="must run a recurrent layer over a sequence, but Inside ran none"
        ):
            look(Inside("step"), torch.randn(6, 2, 4))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch.compile's own
@pytest.mark.parametrize("layer", [Recurrent(ALL_CELLS["gru"](4, 3)), elman.LSTM(4, 3)])
def test_a_compiled_network_is_looked_at_beneath_its_cover(layer: nn.Module):
    input = torch.randn(6, 2, 4)
    expected = gradient_by_lag(layer, input)
    covered: Any = torch.compile(layer)
    for one, other in zip(gradient_by_lag(covered, input), expected, strict=True):
        np.testing.assert_array_equal(one.frobenius, other.frobenius)
    layer.compile()
    assert len(gradient_flow(layer, input).states) == (2 if isinstance(layer, elman.LSTM) else 1)
