"""Every cell of the house can be looked at, and two ways to its Jacobian agree."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import elman
from elman import Recurrent
from elman.cells import ALL_CELLS
from elman.diagnostics import gates, gradient_by_lag, gradient_flow, step_jacobians

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
