"""Backward through compiled layers in every order autograd may ask for."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from comparing import check_float64, random_state
from torch import Tensor, nn
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.cells import Cell, GRUCell, LSTMCell
from elman.cells.state import state_tensors
from elman.layers import Recurrent

F64 = torch.float64
NAMES = ["ElmanCat-tanh", "LSTMLinear", "GRUBeforeGates", "LayerNormGRULinear", "LRULinear"]
of_cells = pytest.mark.parametrize("name", NAMES)
Use = Callable[[Callable[..., Any], Tensor, Any], Tensor]


def two_calls(layer: Any, input: Tensor, state: Any) -> Tensor:
    first, _ = layer(input, state)
    second, _ = layer(input.flip(0) * 2)
    return (first * second).sum()


def chained(layer: Any, input: Tensor, state: Any) -> Tensor:
    output, final = layer(input, state)
    output, final = layer(output[..., :3] + input, final)
    output, final = layer(output[:4, ..., :3], final)
    return output.sin().sum() + state_tensors(final)[0].sum()


def final_alone(layer: Any, input: Tensor, state: Any) -> Tensor:
    return sum((part.sin().sum() for part in state_tensors(layer(input, state)[1])), torch.zeros(()))


def last_part_of_the_final_state(layer: Any, input: Tensor, state: Any) -> Tensor:
    return state_tensors(layer(input, state)[1])[-1].sin().sum()


def output_alone(layer: Any, input: Tensor, state: Any) -> Tensor:
    return layer(input, state)[0].sin().sum()


def one_step_alone(layer: Any, input: Tensor, state: Any) -> Tensor:
    return layer(input, state)[0][3].sin().sum()


def one_number_alone(layer: Any, input: Tensor, state: Any) -> Tensor:
    return layer(input, state)[0][3, 1, 2] * 3


def ragged_last_outputs(layer: Any, input: Tensor, state: Any) -> Tensor:
    output, _ = layer(input, state, lengths=torch.tensor([5, 1, 3]))
    return output[torch.tensor([4, 0, 2]), torch.arange(3)].sin().sum()


def strided(layer: Any, input: Tensor, state: Any) -> Tensor:
    """Input with gaps, in another order; gradients with gaps, of stride 0 and expanded."""
    wide = torch.stack([input, -input], 3).permute(2, 0, 1, 3)  # the features first
    output, final = layer(wide.permute(1, 2, 0, 3)[..., 0], state)
    return (
        output[::2, :, 1::2].sum()
        + output.permute(2, 1, 0).flatten().cos().sum()
        + state_tensors(final)[0].sum()
    )


def expanded(layer: Any, input: Tensor, state: Any) -> Tensor:
    output, _ = layer(input[:1, :1].expand(5, 3, 3), map_rows(state))
    return output.sum() + layer(input[:, :1].expand(-1, 3, -1))[0].sum()


def map_rows(state: Any) -> Any:
    if isinstance(state, tuple):
        return tuple(map(map_rows, state))
    return state[:1].expand(len(state), -1)


def batch_first(layer: Any, input: Tensor, state: Any) -> Tensor:
    turned = Recurrent(layer.cell, batch_first=True, backend=layer.backend)
    return turned(input.transpose(0, 1), state)[0].sin().sum() + turned(input[:3].contiguous())[0].sum()


USES: list[Use] = [
    *(two_calls, chained, final_alone, last_part_of_the_final_state, output_alone, one_step_alone),
    *(one_number_alone, ragged_last_outputs, strided, expanded, batch_first),
]


def numbers_of(use: Use, cell: Cell, backend: str) -> dict[str, Tensor | None]:
    torch.manual_seed(1)
    input = torch.randn(5, 3, 3, dtype=F64, requires_grad=True)
    state = random_state(cell, 3, F64)
    for part in state_tensors(state):
        part.requires_grad_()
    loss = use(Recurrent(cell, backend=backend), input, state)
    leaves = {"input": input, **{f"state {k}": part for k, part in enumerate(state_tensors(state))}}
    leaves |= dict(cell.named_parameters())
    found = torch.autograd.grad(loss, [*leaves.values()], allow_unused=True)
    return {"loss": loss.detach(), **{f"d {n}": part for n, part in zip(leaves, found, strict=True)}}


@of_cells
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_losses_of_every_kind(name: str, use: Use):
    cell = USER_CELLS[name](3, 5).double()
    check_float64(numbers_of(use, cell, "llvm"), numbers_of(use, cell, "eager"))


@pytest.mark.parametrize("trained", range(8))
def test_frozen_tensors(trained: int):
    """Each subset of input, state and one weight; then each weight alone."""
    cell = USER_CELLS["GRUBeforeGates"](3, 5).double()
    names = [name for name, _ in cell.named_parameters()]
    wanted = {names[0]} if trained & 1 else set()
    subsets = [wanted, set(names) - wanted] + ([{name} for name in names] if not trained else [])
    for subset in subsets:
        for name, parameter in cell.named_parameters():
            parameter.requires_grad_(name in subset)
        found = {}
        for backend in ("llvm", "eager"):
            torch.manual_seed(1)
            input = torch.randn(4, 2, 3, dtype=F64, requires_grad=bool(trained & 2))
            state = torch.randn(2, 5, dtype=F64, requires_grad=bool(trained & 4))
            output, _ = Recurrent(cell, backend=backend)(input, state)
            leaves = [t for t in (input, state, *cell.parameters()) if t.requires_grad]
            assert output.requires_grad is bool(leaves)
            gradients = torch.autograd.grad(output.sin().sum(), leaves) if leaves else ()
            found[backend] = {f"d {k}": part for k, part in enumerate(gradients)} | {
                "output": output.detach()
            }
        check_float64(found["llvm"], found["eager"])


@of_cells
def test_finite_differences(name: str):
    cell = USER_CELLS[name](3, 2).double()
    layer = Recurrent(cell, backend="llvm", reverse=True)
    state = state_tensors(random_state(cell, 2, F64))
    resets = torch.tensor([[False, False], [True, False], [False, True]])

    def run(input: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        initial = tensors[: len(state)] if len(state) > 1 else tensors[0]
        output, final = layer(input, initial, lengths=[3, 2], resets=resets)
        return output, *state_tensors(final)

    input = torch.randn(3, 2, 3, dtype=F64, requires_grad=True)
    used = [p for name, p in cell.named_parameters() if not name.startswith(("b_real", "b_imag"))]
    # The weights are perturbed in place, through their pointers.
    torch.autograd.gradcheck(run, (input, *(part.requires_grad_() for part in state), *used))


@of_cells
def test_second_derivatives(name: str):
    cell = USER_CELLS[name](3, 5).double()
    found = {}
    for backend in ("llvm", "eager"):
        torch.manual_seed(1)
        input = torch.randn(4, 3, 3, dtype=F64, requires_grad=True)
        layer = Recurrent(cell, backend=backend, reverse=True)
        output, _ = layer(input, lengths=[4, 2, 3], resets=torch.eye(4)[:, :3].bool())
        (gradient,) = torch.autograd.grad(output.sin().sum(), input, create_graph=True)
        penalty = gradient.square().sum() + output.sum()
        leaves = [input, *cell.parameters()]
        second = torch.autograd.grad(penalty, leaves, allow_unused=True)
        found[backend] = {f"d {k}": part for k, part in enumerate((gradient.detach(), *second))}
    check_float64(found["llvm"], found["eager"])


def test_finite_differences_of_gradients():
    layer = Recurrent(LSTMCell(2, 2), backend="llvm").double()
    input = torch.randn(3, 2, 2, dtype=F64, requires_grad=True)
    torch.autograd.gradgradcheck(lambda x: layer(x, lengths=[3, 2])[0], (input,))


def test_a_graph_that_is_kept_gives_the_same_gradients_again():
    layer = Recurrent(GRUCell(3, 4), backend="llvm")
    output, final = layer(torch.randn(5, 2, 3))
    weights = [*layer.parameters()]
    first = torch.autograd.grad(output.sum() + final.sum(), weights, retain_graph=True)
    torch.autograd.grad(output[0].sum() * 3, weights, retain_graph=True)
    second = torch.autograd.grad(output.sum() + final.sum(), weights)
    assert all(map(torch.equal, first, second))
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(output.sum() + final.sum(), weights)


@pytest.mark.parametrize("place", ["output", "input", "state", "weight", "resets"])
def test_what_was_changed_in_place_is_an_error_and_not_a_wrong_gradient(place: str):
    layer = Recurrent(GRUCell(3, 4), backend="llvm")
    input, state = torch.randn(5, 2, 3), torch.randn(2, 4)
    resets = torch.zeros(5, 2, dtype=torch.bool)
    output, _ = layer(input, state, resets=resets)
    loss = output.sum()
    changed = {"output": output, "input": input, "state": state, "resets": resets}
    with torch.no_grad():
        tensor = changed.get(place, next(layer.parameters()))
        tensor.logical_not_() if place == "resets" else tensor.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_gradients_are_added_to_those_that_are_there():
    layer = Recurrent(GRUCell(3, 4), backend="llvm")
    for _ in range(2):
        layer(torch.ones(5, 2, 3))[0].sum().backward()
    twice = [parameter.grad for parameter in layer.parameters()]
    nn.Module.zero_grad(layer)
    layer(torch.ones(5, 2, 3))[0].sum().backward()
    for left, parameter in zip(twice, layer.parameters(), strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(left, 2 * parameter.grad, rtol=0, atol=0)


def test_batched_gradients_are_those_of_the_plain_loop():
    cell = LSTMCell(3, 4).double()
    found = []
    for backend in ("llvm", "eager"):
        torch.manual_seed(1)
        input = torch.randn(4, 2, 3, dtype=F64, requires_grad=True)
        layer = Recurrent(cell, backend=backend)
        output, _ = layer(input, lengths=[4, 2])
        many = torch.randn(3, *output.shape, dtype=F64)
        (batched,) = torch.autograd.grad(output, input, many, is_grads_batched=True)
        assert not batched.requires_grad
        jacobian = torch.autograd.functional.jacobian(
            lambda x, layer=layer: layer(x)[0], input.detach(), vectorize=True
        )
        assert isinstance(jacobian, Tensor)
        found.append({"d batched": batched, "d jacobian": jacobian})
    check_float64(*found)
