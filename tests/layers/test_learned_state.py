"""`Recurrent(learn_initial_state=True)`: where sequences start is a parameter."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman import Bidirectional, Cell, Recurrent, Stacked
from elman.cells import ALL_CELLS, GRUCell, LSTMCell
from elman.cells.state import state_tensors
from elman.errors import OptionError

EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64 numbers of about 1


def random_input(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def learned(layer: Recurrent) -> list[nn.Parameter]:
    assert layer.learned_state is not None
    return list(layer.learned_state)


def stirred(layer: Recurrent) -> Recurrent:
    """The layer in float64, with a learned state that is not where it starts."""
    for parameter in learned(layer.double()):
        nn.init.normal_(parameter)
    return layer


@pytest.mark.parametrize("name", ALL_CELLS)
def test_a_parameter_for_each_tensor_of_the_state_that_starts_where_the_cell_does(name: str):
    cell = ALL_CELLS[name](3, 4)
    layer = Recurrent(cell, learn_initial_state=True)
    fresh = state_tensors(cell.initial_state(1))
    assert [tuple(p.shape) for p in learned(layer)] == [tuple(part.shape[1:]) for part in fresh]
    x = torch.randn(4, 2, 3)
    torch.testing.assert_close(layer(x), Recurrent(cell)(x), **EXACT)


@pytest.mark.parametrize("backend", ["auto", "eager"])
@pytest.mark.parametrize("cell_class", [GRUCell, LSTMCell])
def test_it_is_the_state_that_would_be_given(cell_class: Any, backend: str):
    layer = stirred(Recurrent(cell_class(3, 4), learn_initial_state=True, backend=backend))
    x, lengths = random_input(5, 3, 3), [5, 2, 3]
    rows = [parameter.detach().expand(3, -1).clone().requires_grad_() for parameter in learned(layer)]
    state = rows[0] if len(rows) == 1 else tuple(rows)
    results = []
    for given, leaves in ((None, learned(layer)), (state, rows)):
        output, final_state = layer(x, given, lengths=lengths)
        loss = output.square().sum() + state_tensors(final_state)[-1].sum()
        gradients = [
            gradient.sum(0) if gradient.dim() == 2 else gradient
            for gradient in torch.autograd.grad(loss, leaves)
        ]
        results.append((output, final_state, gradients))
    torch.testing.assert_close(results[0], results[1], **TIGHT)
    assert all(bool((gradient != 0).all()) for gradient in results[0][2])


@pytest.mark.parametrize("backend", ["auto", "eager"])
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_are_those_of_finite_differences(backend: str, reverse: bool):
    layer = stirred(Recurrent(LSTMCell(2, 3), learn_initial_state=True, backend=backend, reverse=reverse))
    x, state = random_input(4, 2, 2), (random_input(2, 3), random_input(2, 3))
    resets = torch.tensor([[False, False], [True, False], [False, True], [False, False]])
    names = ["learned_state.0", "learned_state.1"]

    def run(*values: Tensor) -> Any:
        def call(*arguments: Any) -> Tensor:
            anew, _ = torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))
            reset, final_state = torch.func.functional_call(
                layer, dict(zip(names, values, strict=True)), (x, state), {"resets": resets}
            )
            return torch.stack([anew.sum(), reset.square().sum(), final_state[1].sum()])

        return call()

    values = tuple([parameter.detach().clone().requires_grad_() for parameter in learned(layer)])
    assert torch.autograd.gradcheck(run, values)


def test_resets_return_to_it():
    layer = stirred(Recurrent(GRUCell(3, 4), learn_initial_state=True))
    x = random_input(6, 2, 3)
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[3] = True
    output, final_state = layer(x, random_input(2, 4), resets=resets)
    expected, expected_state = layer(x[3:])
    torch.testing.assert_close(output[3:], expected, **TIGHT)
    torch.testing.assert_close(final_state, expected_state, **TIGHT)


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_every_sequence_of_any_batch_starts_from_it(batch_size: int):
    layer = stirred(Recurrent(LSTMCell(3, 4), learn_initial_state=True))
    x = random_input(4, 1, 3)
    output, _ = layer(x.expand(-1, batch_size, -1))
    torch.testing.assert_close(output, layer(x)[0].expand(-1, batch_size, -1), **TIGHT)
    first, state = layer.step(x[0])
    torch.testing.assert_close(first, layer(x[:1])[0][0], **TIGHT)
    torch.testing.assert_close(
        layer.reset_state(state, torch.tensor([True])), layer.initial_state(1), **EXACT
    )


@pytest.mark.parametrize("wrap", [lambda one: Stacked(one, GRUCell(4, 4)), Bidirectional])
def test_other_layers_carry_it(wrap: Any):
    layer: Any = wrap(Recurrent(GRUCell(3, 4), learn_initial_state=True)).double()
    other = copy.deepcopy(layer)
    parts = {name: parameter for name, parameter in layer.named_parameters() if "learned_state" in name}
    for parameter in parts.values():
        nn.init.normal_(parameter)
    x = random_input(5, 2, 3)
    layer(x, lengths=[5, 2])[0].sum().backward()
    assert parts
    assert all(p.grad is not None and bool(p.grad.any()) for p in parts.values())
    assert not torch.equal(layer(x)[0], other(x)[0])
    other.load_state_dict(layer.state_dict())
    torch.testing.assert_close(other(x), layer(x), **EXACT)


def test_a_state_that_matters_is_learned():
    """The start is the only thing that tells what to put out first: a gradient step moves it there."""
    layer = Recurrent(GRUCell(1, 1), learn_initial_state=True)
    optimizer = torch.optim.Adam(learned(layer), lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        (layer(torch.zeros(1, 4, 1))[0] - 0.3).square().mean().backward()
        optimizer.step()
    torch.testing.assert_close(layer(torch.zeros(1, 1, 1))[0].item(), 0.3, rtol=0, atol=1e-2)


def test_reset_parameters_brings_it_back():
    layer = stirred(Recurrent(LSTMCell(3, 4), learn_initial_state=True))
    weight = next(layer.cell.parameters()).detach().clone()
    layer.reset_parameters()
    assert not any(parameter.any() for parameter in learned(layer))
    assert not torch.equal(next(layer.cell.parameters()), weight)


class Learning(Cell):
    """Has a start of its own."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.start = nn.Parameter(torch.ones(hidden_size))

    def initial_state(self, batch_size: int) -> Tensor:
        return self.start.expand(batch_size, -1)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return state, state


def test_a_cell_that_learns_it_itself_is_left_to_it():
    with pytest.raises(OptionError, match="Learning learns its initial state itself"):
        Recurrent(Learning(3, 4), learn_initial_state=True)
    with pytest.raises(OptionError, match="`learn_initial_state` must be True or False"):
        Recurrent(GRUCell(3, 4), learn_initial_state="yes")  # pyright: ignore[reportArgumentType]
    assert "learn_initial_state=True" in repr(Recurrent(GRUCell(3, 4), learn_initial_state=True))
    assert "learn_initial_state" not in repr(Recurrent(GRUCell(3, 4)))
