"""The gradients of `Recurrent` against finite differences."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.cells import ALL_CELLS, Cell, GRUCell, LSTMCell, map_state
from elman.layers import Recurrent

CELLS = list(ALL_CELLS.values())


class LearnedStart(Cell):
    """A GRU whose fresh state is a parameter."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.cell = GRUCell(input_size, hidden_size)
        self.start = nn.Parameter(torch.randn(hidden_size))

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.cell(input, state)

    def initial_state(self, batch_size: int) -> Tensor:
        return self.start.expand(batch_size, -1)


def as_tuple(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def random_input(*shape: int, **options: Any) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, **options)


def random_state(cell: Cell, batch_size: int) -> Any:
    return map_state(lambda part: torch.randn_like(part, requires_grad=True), cell.initial_state(batch_size))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell_class", [*CELLS, LearnedStart])
def test_gradients_agree_with_finite_differences(cell_class: type[Cell], reverse: bool):
    layer = Recurrent(cell_class(2, 3), reverse=reverse).double()
    resets = torch.tensor([[False, True, False], [True, False, False], [False, False, True]])
    fresh = layer.cell.initial_state(3)
    state = as_tuple(random_state(layer.cell, 3))
    names = [name for name, _ in layer.named_parameters()]

    def run(x: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        weights = dict(zip(names, tensors[len(state) :], strict=True))
        initial = tensors[: len(state)] if isinstance(fresh, tuple) else tensors[0]
        options = {"lengths": [3, 1, 2], "resets": resets}
        output, final_state = torch.func.functional_call(layer, weights, (x, initial), options)
        return output, *as_tuple(final_state)

    torch.autograd.gradcheck(run, (random_input(3, 3, 2, requires_grad=True), *state, *layer.parameters()))


def test_two_calls_before_one_backward_and_a_loss_on_the_final_state_alone():
    layer = Recurrent(LSTMCell(2, 2)).double()
    weights = list(layer.parameters())

    def run(x: Tensor, *_: Tensor) -> Tensor:
        _, state = layer(x[:2])
        _, (hidden, _) = layer(x[2:], state)
        return hidden

    torch.autograd.gradcheck(run, (random_input(5, 1, 2, requires_grad=True), *weights))


def test_gradients_of_gradients_agree_with_finite_differences():
    layer = Recurrent(GRUCell(2, 2)).double()
    torch.autograd.gradgradcheck(
        lambda x: layer(x, lengths=[3, 2])[0], (random_input(3, 2, 2, requires_grad=True),)
    )


def test_a_learned_fresh_state_has_a_gradient_from_the_start_and_from_resets():
    layer = Recurrent(LearnedStart(2, 3)).double()
    assert isinstance(layer.cell, LearnedStart)
    x = random_input(4, 2, 2)
    at_two = torch.zeros(4, 2, dtype=torch.bool)
    at_two[2] = True
    own_start = random_state(layer.cell, 2)
    for arguments, reached in [((x,), True), ((x, own_start), False)]:
        output, _ = layer(*arguments)
        (gradient,) = torch.autograd.grad(
            output.sum(), layer.cell.start, allow_unused=True, materialize_grads=True
        )
        assert bool(gradient.all()) is reached
    output, _ = layer(x, own_start, resets=at_two)
    assert torch.autograd.grad(output[:2].sum(), own_start, retain_graph=True)[0].all()
    assert not torch.autograd.grad(output[2:].sum(), own_start, retain_graph=True)[0].any()
    assert torch.autograd.grad(output[2:].sum(), layer.cell.start)[0].all()
