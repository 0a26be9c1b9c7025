"""Shapes of networks: one or many in, one or many out."""

import pytest
import torch
from torch import nn

from elman.cells import ElmanCell, GRUCell
from elman.errors import OptionError
from elman.layers import GRU, LSTM, ManyToMany, ManyToOne, OneToMany, OneToOne, Recurrent, sequence_loss

LENGTHS = [5, 2, 4]


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_many_to_one_of_a_batch_is_that_of_each_sequence(pooling: str, batch_first: bool):
    layer = GRU(2, 4, batch_first=batch_first).double()
    network = ManyToOne(layer, nn.Linear(4, 3), pooling=pooling).double()
    x = torch.randn(5, 3, 2, dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        x[length:, row] = torch.nan
    output, _ = network(x.transpose(0, 1) if batch_first else x, lengths=LENGTHS)
    for row, length in enumerate(LENGTHS):
        alone = x[:length, row : row + 1]
        expected, _ = network(alone.transpose(0, 1) if batch_first else alone)
        torch.testing.assert_close(output[row], expected[0], rtol=0, atol=1e-12)
    assert network.output_size == 3


def test_poolings_are_those_of_torch():
    layer = GRU(2, 4)
    x = torch.randn(5, 3, 2)
    outputs = layer(x)[0]
    for pooling, expected in {"last": outputs[-1], "mean": outputs.mean(0), "max": outputs.amax(0)}.items():
        torch.testing.assert_close(ManyToOne(layer, pooling=pooling)(x)[0], expected)


def test_linear_head_gives_the_numbers_of_the_lecture():
    cell = ElmanCell(1, 1, bias=False).double()
    layer = Recurrent(cell)
    head = nn.Linear(1, 1, bias=False).double()
    with torch.no_grad():
        head.weight.fill_(2)
    network = ManyToMany(layer, head)
    h = layer(torch.randn(3, 2, 1, dtype=torch.float64))[0]
    torch.testing.assert_close(network.head(h), 2 * h)
    hidden = torch.tensor([0.761594156, 0.363399484, 0.179726207], dtype=torch.float64)[:, None]
    expected = torch.tensor([1.523188312, 0.726798969, 0.359452414], dtype=torch.float64)[:, None]
    torch.testing.assert_close(head(hidden), expected, rtol=0, atol=2e-9)  # the numbers have nine digits


def test_many_to_many_is_zero_behind_the_end_and_steps():
    network = ManyToMany(Recurrent(GRUCell(2, 4)), nn.Linear(4, 3)).double()
    x = torch.randn(5, 3, 2, dtype=torch.float64)
    output, _ = network(x, lengths=LENGTHS)
    whole, _ = network(x)
    state = None
    for t in range(5):
        step, state = network.step(x[t], state)
        torch.testing.assert_close(step, whole[t])
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(output[:length, row], whole[:length, row])
        assert not output[length:, row].any()


def test_one_to_one_is_a_dense_network():
    layer, head = Recurrent(ElmanCell(3, 5)).double(), nn.Linear(5, 2).double()
    x = torch.randn(4, 3, dtype=torch.float64)
    cell = dict(layer.cell.named_parameters())
    dense = torch.tanh(x @ cell["weight_ih"].T + cell["bias"])
    torch.testing.assert_close(OneToOne(layer, head)(x), head(dense))


@pytest.mark.parametrize("conditioning", ["input", "state", "both"])
def test_labelled_patterns_are_learned(conditioning: str):
    torch.manual_seed(0)
    labels, patterns = torch.eye(4), torch.randint(6, (8, 4))
    extra = 0 if conditioning == "state" else 4
    network = OneToMany(LSTM(8 + extra, 24), 4, num_symbols=6, conditioning=conditioning)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
    for _ in range(120):
        optimizer.zero_grad()
        sequence_loss(network(labels, patterns), patterns).backward()
        optimizer.step()
    written = network.generate(labels, num_steps=8).sequences
    assert (written == patterns).all(0).float().mean() >= 0.95


def test_too_narrow_an_input_is_refused():
    with pytest.raises(OptionError, match="input_size must be more than 4"):
        OneToMany(GRU(4, 5), 4, num_symbols=3)


def test_wrong_pooling_is_refused():
    with pytest.raises(OptionError, match="`pooling` must be one of"):
        ManyToOne(GRU(2, 4), pooling="median")
