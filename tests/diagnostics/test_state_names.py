"""States are called what the equations call them."""

import pytest
import torch
from torch import Tensor, nn

import elman
from elman import Cell, Recurrent
from elman.cells import ALL_CELLS, LSTMCell, QRNNCell, SkipCell, Zoneout
from elman.cells.state import state_tensors
from elman.diagnostics import gates, gradient_flow
from elman.diagnostics.state_names import state_names

SEVERAL = {
    "lstm": ["h", "c"],
    "lstm_block": ["h", "c"],
    "lstm_1997": ["h", "c"],
    "peephole_lstm": ["h", "c"],
    "coupled_lstm": ["h", "c"],
    "projection_lstm": ["r", "c"],
    "layer_norm_lstm": ["h", "c"],
    "multiplicative_lstm": ["h", "c"],
    "slstm": ["h", "c", "n", "m"],
    "clockwork": ["h", "k"],
    "cornn": ["y", "z"],
    "long_expressive_memory": ["y", "z"],
    "legendre_memory": ["h", "m"],
    "linear_recurrent": ["u", "v"],
    "qrnn": ["c", "p"],
    "skip_connection": ["h", "p.0", "p.1", "p.2", "p.3"],
}


@pytest.mark.parametrize("name", ALL_CELLS)
def test_states_have_the_names_of_the_equations(name: str):
    cell = ALL_CELLS[name](3, 4)
    state = cell.initial_state(1)
    assert state_names(cell, state) == SEVERAL.get(name, ["state"])
    assert len(state_tensors(state)) == len(SEVERAL.get(name, ["state"]))


@pytest.mark.parametrize("layer", [elman.LSTM(3, 4), nn.LSTM(3, 4), Recurrent(Zoneout(LSTMCell(3, 4), 0.1))])
def test_layers_and_wrappers_have_the_names_of_the_cell_inside(layer: nn.Module):
    input = torch.randn(5, 2, 3)
    assert [one.state for one in gradient_flow(layer, input).states] == ["h", "c"]
    assert [one.name for one in gates(layer, input)[0].states] == ["h", "c"]


def test_options_that_change_the_state_change_its_names():
    for cell, names in [(QRNNCell(3, 4, window=1), ["state"]), (SkipCell(3, 4, delay=2), ["h", "p.0"])]:
        assert state_names(cell, cell.initial_state(1)) == names


class Untold(Cell):
    """Has no equations."""

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]):
        return input, (state[1], input)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        return self.zeros(batch_size, 3), self.zeros(batch_size, 3)


class Mistold(Untold):
    """Says less than it returns.

    Equations:
        (1) h_t = x_t
        returns h_t, h_t
    """


@pytest.mark.parametrize("kind", [Untold, Mistold])
def test_a_cell_that_does_not_say_has_numbers(kind: type[Cell]):
    cell = kind(3, 3)
    assert state_names(cell, cell.initial_state(1)) == ["state.0", "state.1"]
