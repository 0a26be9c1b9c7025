"""What every layer promises: sizes, states and steps that fit one another."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from elman import GRU, LSTM, RNN, Bidirectional, Recurrent, Stacked, Stateful
from elman.cells import GRUCell, LSTMCell, map_state
from elman.cells.state import state_shapes
from elman.errors import OptionError, ShapeError
from elman.layers import SequenceLayer, TimeDistributed

EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64 numbers of about 1
CAUSAL: dict[str, Callable[..., Any]] = {
    "Recurrent": lambda **options: Recurrent(LSTMCell(3, 4), **options),
    "learned": lambda **options: Recurrent(GRUCell(3, 4), learn_initial_state=True, **options),
    "RNN": lambda **options: RNN(3, 4, 2, "relu", **options),
    "GRU": lambda **options: GRU(3, 4, **options),
    "LSTM": lambda **options: LSTM(3, 4, 2, **options),
    "LSTM, projected": lambda **options: LSTM(3, 4, proj_size=2, **options),
    "Stacked": lambda **options: Stacked(GRUCell(3, 4), LSTM(4, 5, **options), **options),
    "Stateful": lambda **options: Stateful(GRU(3, 4, **options)),
}
BACKWARD: dict[str, Callable[..., Any]] = {
    "Recurrent, reverse": lambda **options: Recurrent(GRUCell(3, 4), reverse=True, **options),
    "LSTM, both": lambda **options: LSTM(3, 4, 2, bidirectional=True, proj_size=2, **options),
    "GRU, both": lambda **options: GRU(3, 4, bidirectional=True, **options),
    "Bidirectional": lambda **options: Bidirectional(LSTMCell(3, 4), **options),
    "Bidirectional, sum": lambda **options: Bidirectional(GRUCell(3, 4), merge="sum", **options),
    "Stacked, both": lambda **options: Stacked(Bidirectional(GRUCell(3, 4), **options), **options),
}
LAYERS = CAUSAL | BACKWARD


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_sizes_and_the_first_state_are_those_that_it_says(name: str, batch_first: bool):
    layer = LAYERS[name](batch_first=batch_first).double()
    x = torch.randn(2, 6, layer.input_size, dtype=torch.float64)
    assert isinstance(layer, SequenceLayer)
    assert layer.batch_first is batch_first
    output, final_state = layer(x)
    assert output.shape == (2, 6, layer.output_size)
    batch_size = 2 if batch_first else 6
    fresh = layer.initial_state(batch_size)
    assert state_shapes(fresh) == state_shapes(final_state)
    torch.testing.assert_close(layer(x, fresh), (output, final_state), **EXACT)
    assert layer.is_causal is (name in CAUSAL)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("name", CAUSAL)
def test_steps_are_one_pass(name: str, batch_first: bool):
    layer = CAUSAL[name](batch_first=batch_first).double()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    whole, final_state = layer(x.transpose(0, 1) if batch_first else x, layer.initial_state(2))
    for gradient in (True, False):
        state = layer.initial_state(2)
        with torch.set_grad_enabled(gradient):
            for t in range(6):
                output, state = layer.step(x[t], state)
                torch.testing.assert_close(output, whole[:, t] if batch_first else whole[t], **TIGHT)
        torch.testing.assert_close(state, final_state, **TIGHT)
    without, _ = LAYERS["GRU"]().step(x[0].float())
    assert without.shape == (2, 4)


@pytest.mark.parametrize("name", BACKWARD)
def test_what_reads_from_the_end_cannot_be_stepped(name: str):
    with pytest.raises(OptionError, match="cannot be stepped"):
        LAYERS[name]().step(torch.zeros(2, 3))


@pytest.mark.parametrize("shape", [(3,), (2, 4), (5, 2, 3)])
def test_a_step_is_of_one_time_step(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"`input` must have shape \(N, I\)"):
        GRU(3, 4).step(torch.zeros(shape))


@pytest.mark.parametrize("name", LAYERS)
def test_chosen_sequences_start_anew(name: str):
    layer = LAYERS[name]().double()
    state = map_state(torch.randn_like, layer.initial_state(3))
    x = torch.randn(5, 3, 3, dtype=torch.float64)
    chosen = layer.reset_state(state, torch.tensor([False, True, False]))
    output, continued, anew = (layer(x, start)[0] for start in (chosen, state, layer.initial_state(3)))
    torch.testing.assert_close(output[:, [0, 2]], continued[:, [0, 2]], **EXACT)
    torch.testing.assert_close(output[:, 1], anew[:, 1], **EXACT)
    assert not torch.equal(continued[:, 1], anew[:, 1])


def test_each_layer_inside_says_what_runs_it():
    frames = TimeDistributed(torch.nn.Linear(3, 3))
    stack = Stacked(
        frames, Bidirectional(GRUCell(3, 4)), LSTM(8, 4), Recurrent(GRUCell(4, 4), backend="eager")
    )
    lines = [line.split(":")[:2] for line in Stateful(Stacked(GRUCell(3, 4))).explain().splitlines()]
    assert lines == [["layer.layers.0", " llvm"]]
    assert [line.split(":")[:2] for line in stack.explain().splitlines()] == [
        ["layers.0", " torch"],
        ["layers.1.forward_layer", " llvm"],
        ["layers.1.backward_layer", " llvm"],
        ["layers.2", " llvm"],
        ["layers.3", " eager"],
    ]
