"""Numbers computed by hand: scalar cells on an impulse, and counts of parameters."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.cells import Cell, ElmanCell, GRUCell, LSTMCell


def run(cell: Cell, weights: dict[str, float], inputs: tuple[float, ...]) -> list[tuple[Tensor, Any]]:
    """Outputs and states of a scalar cell in float64 whose parameters are all `weights[name]`."""
    cell = cell.double()
    for name, parameter in cell.named_parameters():
        nn.init.constant_(parameter, weights[name])
    state = cell.initial_state(1)
    steps = []
    for value in inputs:
        output, state = cell(torch.tensor([[value]], dtype=torch.float64), state)
        steps.append((output, state))
    return steps


def column(tensors: list[Tensor]) -> Tensor:
    return torch.cat(tensors).flatten().detach()


def assert_close(actual: Tensor, expected: list[float]) -> None:
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-8)


def test_elman_without_bias_and_a_linear_output():
    steps = run(ElmanCell(1, 1, bias=False), {"weight_ih": 1.0, "weight_hh": 0.5}, (1.0, 0.0, 0.0))
    hidden = column([output for output, _ in steps])
    assert_close(hidden, [0.761594156, 0.363399484, 0.179726207])
    assert_close(2 * hidden, [1.523188312, 0.726798969, 0.359452414])


def test_lstm_with_unit_weights():
    steps = run(LSTMCell(1, 1), {"weight_ih": 1.0, "weight_hh": 1.0, "bias": 0.0}, (1.0, 0.0))
    assert_close(column([output for output, _ in steps]), [0.369606353, 0.290813040])
    assert_close(column([memory for _, (_, memory) in steps]), [0.556769941, 0.538387877])


@pytest.mark.parametrize("reset_gate", ["after_product", "before_product"])
@pytest.mark.parametrize(
    ("update_gate", "expected"),
    [("keeps", [0.204824215, 0.163322488]), ("writes", [0.556769941, 0.418883238])],
)
def test_gru_with_unit_weights(update_gate: str, reset_gate: str, expected: list[float]):
    cell = GRUCell(1, 1, update_gate=update_gate, reset_gate=reset_gate, bias=False)
    steps = run(cell, {"weight_ih": 1.0, "weight_hh": 1.0}, (1.0, 0.0))
    assert_close(column([output for output, _ in steps]), expected)


def test_an_lstm_that_keeps_remembers_for_a_thousand_steps():
    cell = LSTMCell(1, 1).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        assert cell.bias is not None
        cell.bias.copy_(torch.tensor([-800.0, 800.0, 0.0, 0.0]))
    memory = torch.tensor([[0.7]], dtype=torch.float64, requires_grad=True)
    state = (torch.zeros_like(memory), memory)
    for _ in range(1000):
        _, state = cell(torch.ones(1, 1, dtype=torch.float64), state)
    assert state[1].item() == 0.7
    assert torch.autograd.grad(state[1], memory)[0].item() == 1.0


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        (ElmanCell(256, 128), 49_280),
        (LSTMCell(64, 128), 98_816),
        (GRUCell(64, 256), 246_528),
        (GRUCell(64, 256, double_bias=True), 247_296),
    ],
)
def test_number_of_parameters(cell: Cell, count: int):
    assert sum(parameter.numel() for parameter in cell.parameters()) == count


def test_gru_has_three_quarters_of_the_parameters_of_an_lstm():
    gru, lstm = (sum(p.numel() for p in cell(7, 5).parameters()) for cell in (GRUCell, LSTMCell))
    assert 4 * gru == 3 * lstm
