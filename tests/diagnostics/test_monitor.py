"""A watched training: what is seen, what it costs, and that it goes on as if nobody watched."""

import json

import numpy as np
import pytest
import torch
from plain_loops import LinearCell
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import elman
from elman import Cell, Recurrent
from elman.diagnostics import Monitor, gradient_flow, monitor
from elman.errors import OptionError


class Network(nn.Module):
    """Dropout draws random numbers, batch normalisation counts batches."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.layer = elman.GRU(3, 8, num_layers=2, dropout=0.3)
        self.head = nn.Linear(8, 1)

    def forward(self, input: Tensor) -> Tensor:
        steps = self.norm(input.flatten(0, 1)).view(input.shape)
        return self.head(self.layer(steps)[0][-1])


def train(is_watched: bool) -> tuple[Network, list[monitor.FlowRecord]]:
    torch.manual_seed(3)
    network = Network()
    watch = Monitor(network, every=4)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    for step in range(9):
        input = torch.randn(6, 5, 3)
        if is_watched:
            watch(step, input)
        optimizer.zero_grad()
        (network(input) - input.sum(0)[:, :1]).square().mean().backward()
        optimizer.step()
    return network, watch.records


def test_training_goes_on_with_the_same_bits():
    watched, records = train(is_watched=True)
    alone, none = train(is_watched=False)
    torch.testing.assert_close(dict(watched.state_dict()), dict(alone.state_dict()), rtol=0, atol=0)
    assert [record.step for record in records] == [0, 4, 8]
    assert none == []


@pytest.mark.parametrize("batch_first", [False, True])
def test_every_look_sees_the_weights_of_its_moment(batch_first: bool):
    layer = elman.LSTM(3, 4, batch_first=batch_first)
    watch = Monitor(layer, every=1, num_sequences=2)
    for step in range(3):
        input = torch.randn(9, 9, 3)
        record = watch(step, input, lengths=[9, 3, *[1] * 7])
        some = input[:2] if batch_first else input[:, :2]
        expected = gradient_flow(layer, some, lengths=[9, 3])
        assert record is not None
        for seen, flow in zip(record.states, expected.states, strict=True):
            assert seen.lags == (0, 1, 2, 4, 8)
            np.testing.assert_allclose(np.array(seen.norms), flow.over_lag[[0, 1, 2, 4, 8]], rtol=1e-6)
        with torch.no_grad():
            layer.get_parameter("weight_hh_l0").add_(0.1)
        if step == 1:
            layer.weight_ih_l0 = nn.Parameter(torch.randn(16, 3))


def test_a_look_at_a_linear_network_is_a_power():
    watch = Monitor(Recurrent(LinearCell(0.5 * torch.eye(3))))
    record = watch(0, pack_padded_sequence(torch.randn(5, 2, 3), [5, 5]))
    assert record is not None
    (state,) = record.states
    assert state.lags == (0, 1, 2, 4)
    norms = np.array(state.norms)
    np.testing.assert_allclose(norms / norms[0], [1, 0.5, 0.25, 0.0625], rtol=1e-5)


def test_a_record_is_json():
    layer = Recurrent(LinearCell(torch.full((2, 2), torch.inf)))
    record = Monitor(layer, every=7)(14, torch.ones(3, 1, 2))
    assert record is not None
    text = json.dumps(record.as_json(), allow_nan=False)
    assert json.loads(text) == record.as_json()
    assert record.as_json()["step"] == 14
    assert record.as_json()["states"][0]["norms"][-1] is None


class Counting(Cell):
    """Counts the rows that it computes."""

    def __init__(self, count: list[int]):
        super().__init__(2, 2)
        self.weight = nn.Parameter(torch.ones(2))
        self.count = count

    def forward(self, input: Tensor, state: Tensor):
        self.count.append(len(input))
        state = torch.tanh(self.weight * state + input)
        return state, state


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_watching_is_less_than_a_twentieth_of_the_work(batch_size: int):
    count: list[int] = []
    layer = Recurrent(Counting(count), backend="eager")
    watch = Monitor(layer)
    watching = 0
    for step in range(100):
        input = torch.randn(5, batch_size, 2)
        before = sum(count)
        watch(step, input)
        watching += sum(count) - before
        layer(input)[0].sum().backward()
    assert 0 < watching < 0.05 * (sum(count) - watching)


def test_the_cells_are_recorded_once(monkeypatch: pytest.MonkeyPatch):
    layer = elman.GRU(2, 3)
    watch = Monitor(layer, every=1)
    watch(0, torch.randn(4, 2, 2))
    monkeypatch.setattr(monitor, "make_twin", None)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(0.5)
    assert watch(1, torch.randn(4, 2, 2)) is not None


def test_what_cannot_be_watched_is_refused():
    with pytest.raises(OptionError, match="must be or hold a recurrent layer"):
        Monitor(nn.Linear(2, 2))
    with pytest.raises(OptionError, match="`every` must be a positive integer, but it is 0"):
        Monitor(elman.GRU(2, 2), every=0)
