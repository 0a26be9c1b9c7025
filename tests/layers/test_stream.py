"""`Stream`: one step at a time gives what the whole sequence gives."""

from typing import Any

import pytest
import torch

from elman.cells import ElmanCell, GRUCell, LSTMCell
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers import GRU, LSTM, Bidirectional, Recurrent, Stream


@pytest.mark.parametrize("cell_class", [ElmanCell, GRUCell, LSTMCell])
@pytest.mark.parametrize("sizes", [(1, 5), (3, 33), (8, 64)], ids=str)
def test_steps_are_the_sequence_to_the_bit(cell_class: Any, sizes: Any):
    batch_size, hidden_size = sizes
    layer = Recurrent(cell_class(7, hidden_size), backend="llvm")
    x = torch.randn(20, batch_size, 7)
    stream = Stream(layer)
    outputs = torch.stack([stream(step) for step in x])
    assert not outputs.requires_grad
    with torch.no_grad():
        assert outputs.equal(layer(x)[0])


def test_a_vector_is_a_batch_of_one():
    layer = LSTM(3, 5)
    x = torch.randn(6, 3)
    one, batch = Stream(layer), Stream(layer)
    for step in x:
        assert one(step).equal(batch(step[None])[0])


@pytest.mark.parametrize("layer", [Recurrent(LSTMCell(3, 5)), LSTM(3, 5, 2)], ids=["Recurrent", "LSTM"])
@pytest.mark.parametrize("rows", [[1], torch.tensor([False, True, False])], ids=["numbers", "mask"])
def test_chosen_rows_start_anew(layer: Any, rows: Any):
    stream, fresh, kept = Stream(layer), Stream(layer), Stream(layer)
    first, second = torch.randn(2, 3, 3)
    stream(first)
    kept(first)
    stream.reset(rows)
    output = stream(second)
    expected = kept(second)
    torch.testing.assert_close(output[[0, 2]], expected[[0, 2]], rtol=0, atol=0)
    torch.testing.assert_close(output[1], fresh(second)[1], rtol=0, atol=0)
    assert not output[1].equal(expected[1])
    stream.reset()
    assert stream.state is None


def test_what_cannot_be_streamed_is_refused():
    for layer in (Recurrent(GRUCell(3, 5), reverse=True), GRU(3, 5, bidirectional=True)):
        with pytest.raises(OptionError, match="must read forward only"):
            Stream(layer)
    with pytest.raises(OptionError, match="must read forward only"):
        Stream(Bidirectional(Recurrent(GRUCell(3, 5)), Recurrent(GRUCell(3, 5), reverse=True)))
    with pytest.raises(DtypeError, match="layer over sequences"):
        Stream(torch.nn.Linear(3, 5))  # pyright: ignore[reportArgumentType]


def test_another_number_of_rows_is_refused():
    stream = Stream(Recurrent(GRUCell(3, 5)))
    stream(torch.ones(2, 3))
    with pytest.raises(ShapeError, match="a row for each of the 2 sequences"):
        stream(torch.ones(4, 3))
    with pytest.raises(ShapeError, match=r"`rows` must be in 0\.\.1, but one of them is 2"):
        stream.reset([2])
