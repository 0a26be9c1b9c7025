"""Which gates keep a state is read from the equation: a closed one is found in every gated cell."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import elman
from elman import Cell, Recurrent, observe
from elman.cells import (
    ALL_CELLS,
    ClipStateGradient,
    CoupledLSTMCell,
    GRUCell,
    LayerNormGRUCell,
    LayerNormLSTMCell,
    LEMCell,
    LightRecurrentCell,
    LSTMBlockCell,
    LSTMCell,
    MinGRUCell,
    MinimalGatedCell,
    MinLSTMCell,
    MultiplicativeLSTMCell,
    PeepholeLSTMCell,
    ProjectionLSTMCell,
    QRNNCell,
    RecurrentHighwayCell,
    SLSTMCell,
    SRUCell,
    UGRNNCell,
    Zoneout,
)
from elman.cells.fast_grnn import FastGRNNCell
from elman.diagnostics import Finding, findings, gates

SIZE, H = 3, 8

# By the equations of each cell: 1 where the state is multiplied by the gate, -1 where by 1 minus it.
KEEPS: dict[str, dict[str, int]] = {
    "lstm": {"sigmoid(forget_gate)": 1},
    "gru": {"update": 1},
    "lstm_block": {"share(forget_gate)": 1},
    "peephole_lstm": {"forget_gate": 1},
    "coupled_lstm": {"forget_gate": 1},
    "projection_lstm": {"sigmoid(forget_gate)": 1},
    "layer_norm_lstm": {"sigmoid(forget_gate)": 1},
    "multiplicative_lstm": {"sigmoid(forget_gate)": 1},
    "slstm": {"forget_gate": 1},
    "minimal_gated": {"forget": -1},
    "ugrnn": {"gate": 1},
    "light_recurrent": {"forget": -1},
    "fast_grnn": {"gate": 1},
    "recurrent_highway": {"gate": -1, "gate 2": -1, "gate 3": -1},
    "long_expressive_memory": {"sigmoid(memory_step)": -1, "sigmoid(output_step)": -1},
    "min_gru": {"update": -1},
    "min_lstm": {"keep": 1},
    "qrnn": {"forget": 1},
    "sru": {"forget": 1},
}


@pytest.mark.parametrize("name", sorted(set(ALL_CELLS) - {"layer_norm_gru"}))
def test_what_keeps_the_state_is_what_multiplies_it(name: str):
    cell = ALL_CELLS[name](SIZE, H)
    (found,) = gates(Recurrent(cell), torch.randn(4, 2, SIZE))
    expected = KEEPS.get(name, {})
    for value in found.values:
        np.testing.assert_array_equal(
            value.retention, np.full(len(value.retention), expected.get(value.name, 0))
        )
    assert set(expected) <= {value.name for value in found.values}


def test_one_activation_of_two_gates_keeps_the_state_with_half_of_its_units():
    (found,) = gates(Recurrent(LayerNormGRUCell(SIZE, H)), torch.randn(4, 2, SIZE))
    np.testing.assert_array_equal(found.find("reset, update").retention, [0] * H + [1] * H)


def with_bias(cell: Cell, value: float, rows: slice) -> Cell:
    bias: Any = cell.bias
    with torch.no_grad():
        bias[..., rows] = value
    return cell


FIRST, SECOND = slice(H), slice(H, 2 * H)
CLOSED: dict[str, Callable[[], Cell]] = {
    "lstm": lambda: LSTMCell(SIZE, H, forget_bias=-8.0),
    "gru": lambda: with_bias(GRUCell(SIZE, H), -8.0, SECOND),
    "gru that writes": lambda: with_bias(GRUCell(SIZE, H, update_gate="writes"), 8.0, SECOND),
    "reset before": lambda: with_bias(GRUCell(SIZE, H, reset_gate="before_product"), -8.0, SECOND),
    "lstm_block": lambda: LSTMBlockCell(SIZE, H, forget_bias=-8.0),
    "blocks of four": lambda: LSTMBlockCell(SIZE, H, cells_per_block=4, forget_bias=-8.0),
    "peephole_lstm": lambda: PeepholeLSTMCell(SIZE, H, forget_bias=-8.0),
    "coupled_lstm": lambda: CoupledLSTMCell(SIZE, H, forget_bias=-8.0),
    "projection_lstm": lambda: ProjectionLSTMCell(SIZE, H, projection_size=4, forget_bias=-8.0),
    "layer_norm_lstm": lambda: LayerNormLSTMCell(SIZE, H, forget_bias=-8.0),
    "layer_norm_gru": lambda: with_bias(LayerNormGRUCell(SIZE, H), -8.0, SECOND),
    "multiplicative_lstm": lambda: MultiplicativeLSTMCell(SIZE, H, forget_bias=-8.0),
    "slstm": lambda: SLSTMCell(SIZE, H, forget_bias=-8.0),
    "slstm, exponential": lambda: SLSTMCell(SIZE, H, forget_gate="exp", forget_bias=-8.0),
    "minimal_gated": lambda: with_bias(MinimalGatedCell(SIZE, H), 8.0, FIRST),
    "ugrnn": lambda: with_bias(UGRNNCell(SIZE, H), -8.0, FIRST),
    "light_recurrent": lambda: with_bias(LightRecurrentCell(SIZE, H), 8.0, FIRST),
    "fast_grnn": lambda: with_bias(FastGRNNCell(SIZE, H), -8.0, FIRST),
    "recurrent_highway": lambda: with_bias(RecurrentHighwayCell(SIZE, H), 8.0, SECOND),
    "long_expressive_memory": lambda: with_bias(LEMCell(SIZE, H), 8.0, slice(2 * H)),
    "min_gru": lambda: with_bias(MinGRUCell(SIZE, H), 8.0, FIRST),
    "min_lstm": lambda: MinLSTMCell(SIZE, H, forget_bias=-8.0),
    "qrnn": lambda: with_bias(QRNNCell(SIZE, H), -8.0, SECOND),
    "sru": lambda: with_bias(SRUCell(SIZE, H), -8.0, FIRST),
    "wrapped": lambda: Zoneout(ClipStateGradient(LSTMCell(SIZE, H, forget_bias=-8.0), limit=1.0), 0.0),
}


def closed(layer: nn.Module, num_steps: int = 30) -> list[Finding]:
    found = findings(layer, torch.randn(num_steps, 4, SIZE), task_lag=num_steps - 1)
    return [one for one in found if one.kind == "closed_gate"]


def test_every_gated_cell_is_planted():
    assert set(CLOSED) >= set(KEEPS) | {"layer_norm_gru"}


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_gate_is_found_in_every_gated_cell(name: str):
    cell = CLOSED[name]()
    with torch.no_grad():  # else an orthogonal matrix carries what the gate does not
        for key, weight in cell.named_parameters():
            if key.rpartition(".")[2] in ("weight_hh", "weight_memory", "gain_hh"):
                weight.mul_(0.3)
    expected = KEEPS.get(name.partition(",")[0], {})
    found = closed(Recurrent(cell))
    assert found
    if expected:
        named = {one.message.split("`")[1] for one in found}
        assert named == set(expected)
    for one in found:
        is_keeping = "which keeps the state, are below 0.05: it is forgotten" in one.message
        assert is_keeping or "which replaces the state, are above 0.95: it is forgotten" in one.message
        assert one.evidence["share"] > 0.9


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ALL_CELLS)
def test_no_fresh_cell_has_a_closed_gate(name: str, seed: int):
    torch.manual_seed(seed)
    assert not closed(Recurrent(ALL_CELLS[name](SIZE, H)))


@pytest.mark.parametrize(
    "layer", [elman.LSTM(SIZE, H), elman.GRU(SIZE, H), nn.LSTM(SIZE, H), nn.GRU(SIZE, H)]
)
def test_no_fresh_layer_has_a_closed_gate(layer: nn.Module):
    assert not closed(layer)


class Own(Cell):
    """A cell of a user's, with names of its own: `forget` is what it writes with."""

    def __init__(self, bias: float):
        super().__init__(SIZE, SIZE)
        self.bias = nn.Parameter(torch.full((SIZE,), bias))

    def forward(self, input: Tensor, state: Tensor):
        forget = torch.sigmoid(input - 8)
        stay = observe("stay", torch.sigmoid(input + self.bias))
        state = stay * state + forget * torch.tanh(input)
        return state, state


def test_names_do_not_count():
    (found,) = closed(Recurrent(Own(-8.0)))
    assert found.message == (
        "recurrent: 100% of the values of `stay`, which keeps the state, are below 0.05: it is forgotten at "
        "every step."
    )
    assert found.remedies[0] == "a bias of 1 at the start for `stay`, which keeps the state"
    assert not closed(Recurrent(Own(3.0)))


def test_a_gate_that_is_open_keeps_however_it_is_called():
    """`forget` near 0 keeps everything in a minimal gated unit."""
    cell = with_bias(MinimalGatedCell(SIZE, H), -8.0, FIRST)
    assert not closed(Recurrent(cell))


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, state: Tensor) -> Tensor:
        ctx.save_for_backward(gate, state)
        return gate * state

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        gate, state = ctx.saved_tensors
        return gradients[0] * state, gradients[0] * gate


class Opaque(Cell):
    def forward(self, input: Tensor, state: Tensor):
        state = Product.apply(torch.sigmoid(input), state)  # pyright: ignore[reportAssignmentType]
        return state, state


def test_what_cannot_be_differentiated_twice_is_not_judged():
    (found,) = gates(Recurrent(Opaque(SIZE, SIZE), backend="eager"), torch.randn(4, 2, SIZE))
    assert not found.values[0].retention.any()


class InPlace(Cell):
    def forward(self, input: Tensor, state: Tensor):
        state *= torch.sigmoid(input)
        state += torch.sigmoid(input).mul_(0.5)
        return state, state


def test_a_cell_that_writes_in_place_is_looked_at():
    (found,) = gates(Recurrent(InPlace(SIZE, SIZE), backend="eager"), torch.randn(4, 2, SIZE))
    assert [value.retention.tolist() for value in found.values] == [[1.0] * SIZE, [0.0] * SIZE]
