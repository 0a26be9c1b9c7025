"""What is not finite is named: the parameter, or the step and the sequence."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import elman
from elman import TBPTT, Recurrent
from elman.cells import Cell, GRUCell
from elman.training import NonFinite, Part, SequenceBatch, find_non_finite

NAN, INF = float("nan"), float("inf")


class Doubling(Cell):
    """A state that overflows, behind an output that does not show it."""

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = 1e10 * state + input
        return torch.tanh(state), state


def parts(layer: nn.Module, batch: SequenceBatch, length: int = 4) -> list[Part]:
    return list(TBPTT(length).parts(layer, batch))


def found(layer: nn.Module, batch: SequenceBatch, **options: Any) -> list[str | None]:
    result = [find_non_finite(layer, part=part) for part in parts(layer, batch, **options)]
    return [None if one is None else str(one) for one in result]


@pytest.mark.parametrize("batch_first", [False, True])
def test_input_is_named_by_step_and_sequence(batch_first: bool):
    layer = Recurrent(GRUCell(2, 3), batch_first=batch_first)
    input = torch.zeros(8, 3, 2)
    input[6, 2, 1], input[7, 0] = NAN, INF
    input = input.transpose(0, 1) if batch_first else input
    assert found(layer, SequenceBatch(input)) == [None, "the input at step 6 of sequence 2 is nan"]


def test_padding_is_not_looked_at_and_rows_are_those_of_the_batch():
    layer = elman.LSTM(2, 3, num_layers=2)
    input = torch.zeros(8, 3, 2)
    input[2:, 0] = NAN
    assert found(layer, SequenceBatch(input, lengths=[2, 8, 8])) == [None, None]
    input[5, 2] = INF
    assert found(layer, SequenceBatch(input, lengths=[2, 8, 8])) == [
        None,
        "the input at step 5 of sequence 2 is inf",
    ]


def test_a_state_that_overflows_behind_a_finite_output():
    input = torch.zeros(9, 2, 1)
    input[0, 1] = 1.0  # 1e10 a step: beyond the 3.4e38 of float32 at the fourth
    layer = Recurrent(Doubling(1, 1))
    assert bool(layer(input)[0].isfinite().all())
    assert found(layer, SequenceBatch(input), length=9) == ["the state at step 4 of sequence 1 is inf"]
    assert found(layer, SequenceBatch(input, lengths=[9, 4]), length=9) == [None]


def test_a_state_that_came_so():
    layer = Recurrent(GRUCell(2, 3))
    state = torch.zeros(2, 3)
    state[1, 0] = -INF
    batch = SequenceBatch(torch.zeros(4, 2, 2), initial_state=state)
    assert found(layer, batch) == ["the initial state at step 0 of sequence 1 is -inf"]


def test_targets_loss_and_gradients():
    layer = Recurrent(GRUCell(2, 3))
    target = torch.zeros(4, 2, 3)
    target[3, 1, 0] = NAN
    (part,) = parts(layer, SequenceBatch(torch.randn(4, 2, 2), target=target))
    loss = (part.output - target).square().mean()
    assert str(find_non_finite(layer, loss, part)) == "the target at step 3 of sequence 1 is nan"
    assert str(find_non_finite(layer, loss)) == "the loss is nan"
    assert find_non_finite(layer, torch.zeros(()), part) is None  # a masked loss does not see it
    layer.cell.weight_hh.grad = torch.full((9, 3), INF)  # pyright: ignore[reportAttributeAccessIssue]
    assert str(find_non_finite(layer)) == "the gradient of `cell.weight_hh` holds inf"
    layer.cell.bias.grad = torch.full((9,), NAN)  # pyright: ignore[reportAttributeAccessIssue]
    assert str(find_non_finite(layer)) == "the gradient of `cell.weight_hh` holds inf, and so does 1 other"


def test_a_parameter_comes_first():
    head = nn.Linear(3, 1)
    model = nn.Sequential(Recurrent(GRUCell(2, 3)), head)
    assert find_non_finite(model) is None
    with torch.no_grad():
        head.weight[0, 1] = -INF
    one = find_non_finite(model, torch.tensor(NAN))
    assert one == NonFinite("parameter", -INF, name="1.weight")
    assert str(one) == "the parameter `1.weight` holds -inf"
