"""Linear recall of past inputs, on networks whose memory is known."""

import numpy as np
import pytest
import torch
from plain_loops import DelayLine
from torch import Tensor

import elman
from elman import Cell
from elman.cells import ElmanCell, GRUCell
from elman.diagnostics import memory_capacity
from elman.errors import NonFiniteError, OptionError, ShapeError
from elman.layers import Bidirectional, ManyToOne


def test_a_delay_line_recalls_exactly_what_it_holds():
    found = memory_capacity(elman.Recurrent(DelayLine(6)), max_lag=9)
    np.testing.assert_allclose(found.recall[:6], 1.0, atol=1e-6)  # float32
    assert found.recall[6:].max() < 0.01  # chance, on 1000 steps: about 1/1000
    assert found.total == pytest.approx(6.0, abs=0.04)
    assert found.horizon() == 5


class Memoryless(Cell):
    def forward(self, input: Tensor, state: Tensor):
        return torch.tanh(input), state


def test_a_cell_without_memory_knows_the_present_alone():
    found = memory_capacity(elman.Recurrent(Memoryless(3, 3), batch_first=True), max_lag=5)
    assert found.r2.shape == (6, 3)
    assert found.recall[0] > 0.95
    assert found.recall[1:].max() < 0.01


def test_a_constant_output_recalls_nothing():
    layer = elman.GRU(1, 4)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    found = memory_capacity(layer, max_lag=3, num_steps=100)
    assert found.total < 0.05
    assert memory_capacity(layer, max_lag=3, num_steps=100).horizon() == -1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_sequences": 6}, "`num_sequences` must be a multiple of 4, but it is 6."),
        ({"max_lag": 0}, "`max_lag` must be a positive integer, but it is 0."),
    ],
)
def test_wrong_options_are_refused(options: dict[str, int], message: str):
    with pytest.raises(OptionError) as caught:
        memory_capacity(elman.GRU(1, 4), **options)
    assert str(caught.value) == message


def test_a_network_must_say_what_it_reads():
    with pytest.raises(OptionError, match="`layer` must have an `input_size`, but Sequential has none"):
        memory_capacity(torch.nn.Sequential())


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (ManyToOne(elman.GRU(1, 4)), r"but ManyToOne returns \(4, 4\)"),
        (Bidirectional(GRUCell(1, 4), merge="none"), r"but Bidirectional returns 'tuple'"),
    ],
)
def test_a_network_must_answer_at_each_step(layer: torch.nn.Module, message: str):
    with pytest.raises(ShapeError, match=message):
        memory_capacity(layer)


def test_an_output_that_overflows_is_said():
    layer = elman.Recurrent(
        ElmanCell(1, 4, activation="relu", recurrent_init="identity", recurrent_scale=3.0)
    )
    with pytest.raises(NonFiniteError, match="the output of Recurrent is not finite"):
        memory_capacity(layer)
