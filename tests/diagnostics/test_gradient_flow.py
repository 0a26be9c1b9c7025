"""The gradient of a loss by every state, against loops written by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from plain_loops import LinearCell, gradient_norms, run_gru
from torch import Tensor, nn

import elman
from elman.cells import ElmanCell, LSTMCell
from elman.diagnostics import gates, gradient_by_lag, gradient_flow
from elman.errors import DtypeError, OptionError

F64 = torch.float64
RTOL, ATOL = 1e-9, 1e-12  # float64; sums in another order


def weighted(output: Tensor, final_state: Any) -> Tensor:
    """Read every output, each step with another weight."""
    steps = torch.arange(1, len(output) + 1, dtype=output.dtype)[:, None, None]
    return (steps * output.square()).sum() + 3 * final_state.sum()


@pytest.mark.parametrize("reverse", [False, True])
def test_total_derivatives_are_those_of_a_plain_loop(reverse: bool):
    layer = elman.GRU(3, 5, bidirectional=True, dtype=F64)
    input, lengths = torch.randn(6, 3, 3, dtype=F64), [6, 1, 4]
    flow = gradient_flow(layer, input, loss=weighted, lengths=lengths)
    (found,) = [one for one in flow.states if one.layer.endswith("reverse") == reverse]
    for row, end in enumerate(lengths):
        states = run_gru(layer, input[:, row : row + 1], end, reverse=reverse)
        steps = torch.arange(1, end + 1, dtype=F64)
        loss = sum(t * h.square().sum() for t, h in zip(steps, states, strict=True))
        loss = loss + 3 * states[0 if reverse else -1].sum()
        loss.backward()
        np.testing.assert_allclose(found.norms[:end, row], gradient_norms(states), rtol=RTOL, atol=ATOL)
        assert np.isnan(found.norms[end:, row]).all()


def test_the_gradient_goes_down_through_layers():
    layer = elman.GRU(3, 5, num_layers=2, dtype=F64)
    input = torch.randn(6, 1, 3, dtype=F64)
    flow = gradient_flow(layer, input, loss=lambda output, _: output[-1].sum())
    below = run_gru(layer, input, 6)
    above = run_gru(layer, torch.stack(below), 6, number=1)
    above[-1].sum().backward()
    for found, states in zip(flow.states, (below, above), strict=True):
        np.testing.assert_allclose(found.norms[:, 0], gradient_norms(states), rtol=RTOL, atol=ATOL)


def test_where_no_loss_reaches_the_gradient_is_zero():
    layer = elman.GRU(3, 5, num_layers=2)
    flow = gradient_flow(layer, torch.randn(4, 2, 3), loss=lambda _, final_state: final_state[0].sum())
    below, above = (one.norms for one in flow.states)
    assert (below > 0).all()
    assert not above.any()


def test_dropout_between_layers_is_that_of_the_mode():
    layer, input = elman.GRU(3, 5, num_layers=2, dropout=1.0), torch.randn(4, 2, 3)
    training, _ = gradient_flow(layer, input).states
    trained, _ = gradient_flow(layer.eval(), input).states
    assert not training.norms.any()
    assert (trained.norms > 0).all()


class Head(nn.Module):
    """A user's own network: normalised inputs, two recurrent layers, one number."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.lower = elman.Recurrent(ElmanCell(3, 4))
        self.upper = nn.GRU(4, 4, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 1)

    def forward(self, input: Tensor) -> Tensor:
        hidden, _ = self.lower(self.norm(input.flatten(0, 1)).view(input.shape))
        output, _ = self.upper(hidden.transpose(0, 1))
        return self.head(self.drop(output[:, -1]))


def test_a_whole_network_is_looked_at_and_left_as_it_was():
    network, input = Head(), torch.randn(7, 4, 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random = torch.get_rng_state()
    flow = gradient_flow(network, input, loss=lambda output: output.square().sum())
    assert [one.layer for one in flow.states] == ["lower", "upper: layer 0"]
    assert all((one.norms > 0).all() for one in flow.states)
    assert len(gates(network, input)) == len(gradient_by_lag(network, input)) == 2
    torch.testing.assert_close(dict(network.state_dict()), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())


def test_without_a_loss_the_last_output_is_read():
    cell = LinearCell(0.5 * torch.eye(3, dtype=F64))
    input, lengths = torch.randn(5, 2, 3, dtype=F64), [5, 3]
    (found,) = gradient_flow(elman.Recurrent(cell), input, lengths=lengths).states
    expected = found.over_lag[0] * 0.5 ** np.arange(5)
    np.testing.assert_allclose(found.over_lag, expected, rtol=RTOL, atol=ATOL)
    np.testing.assert_allclose(found.norms[:3, 1], found.norms[2:, 0], rtol=RTOL, atol=ATOL)


def test_an_lstm_has_two_states_and_a_shared_layer_two_calls():
    layer = elman.Recurrent(LSTMCell(3, 3))

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, input: Tensor):
            return self.layer(self.layer(input)[0])

    found = gradient_flow(Twice(), torch.randn(4, 2, 3)).states
    names = [(one.layer, one.state) for one in found]
    calls = ("layer", "layer #2")
    assert names == [(call, state) for call in calls for state in ("h", "c")]


def test_equal_numbers_of_steps_and_sequences_are_told_apart():
    cell = LinearCell(0.5 * torch.eye(2, dtype=F64))
    (found,) = gradient_flow(elman.Recurrent(cell, reverse=True), torch.randn(4, 4, 2, dtype=F64)).states
    np.testing.assert_allclose(
        found.over_time / found.over_time[0], 0.5 ** np.arange(4), rtol=RTOL, atol=ATOL
    )


@pytest.mark.parametrize("batch_first", [False, True])
def test_layouts_agree(batch_first: bool):
    torch.manual_seed(1)
    layer = elman.LSTM(3, 4, batch_first=batch_first)
    input = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    found = gradient_flow(layer, input.transpose(0, 1) if batch_first else input, lengths=[5, 2])
    torch.manual_seed(1)
    expected = gradient_flow(elman.LSTM(3, 4), input, lengths=[5, 2])
    for one, other in zip(found.states, expected.states, strict=True):
        np.testing.assert_allclose(one.norms, other.norms, rtol=1e-6)


def test_what_is_no_network_is_refused():
    with pytest.raises(DtypeError, match=r"`layer` must be a torch.nn.Module, but it is a str"):
        gradient_flow("lstm", torch.ones(1))  # pyright: ignore[reportArgumentType]
    with pytest.raises(OptionError, match=r"must be or hold a recurrent layer.*, but Linear holds none"):
        gradient_flow(nn.Linear(2, 2), torch.ones(1, 2))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            lambda output, _: output,
            r"`loss` must return one number as a tensor, but it returned shape \(2, 1, 5",
        ),
        (lambda output, _: 1.0, r"`loss` must return one number as a tensor, but it returned 1\.0"),
        (lambda output, _: torch.ones(()), r"`loss` must depend on what the network returns"),
    ],
)
def test_a_loss_that_is_none_is_refused(loss: Any, message: str):
    with pytest.raises(OptionError, match=message):
        gradient_flow(elman.GRU(3, 5), torch.ones(2, 1, 3), loss=loss)
