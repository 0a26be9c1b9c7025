"""Parameters that change between calls are read as they are, or refused before any kernel runs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.cells import Cell, GRUCell
from elman.errors import DeviceError, TraceError
from elman.layers import Recurrent

Change = Callable[[Tensor], Tensor]
SAME_SHAPE: dict[str, Change] = {
    "other numbers": lambda weight: torch.randn_like(weight),
    "another order in memory": lambda weight: weight.t().contiguous().t(),
    "rows that share memory": lambda weight: weight[:1].expand_as(weight),
    "columns that share memory": lambda weight: weight[:, :1].expand_as(weight),
    "a part of a larger tensor": lambda weight: torch.randn(len(weight) + 2, weight.shape[1] + 3)[1:-1, 2:-1],
}
OTHERS: dict[str, Change] = {
    "more rows": lambda weight: torch.randn(len(weight) + 1, weight.shape[1]),
    "fewer columns": lambda weight: weight[:, :-1],
    "one axis": lambda weight: weight.flatten(),
    "float64": Tensor.double,
    "float16": Tensor.half,
    "complex": lambda weight: weight.to(torch.complex64),
}


def replace(cell: Cell, change: Change) -> None:
    cell.weight_hh = nn.Parameter(change(cell.weight_hh.data))  # pyright: ignore


def change_inside(cell: Cell, change: Change) -> None:
    cell.weight_hh.data = change(cell.weight_hh.data)  # pyright: ignore


def made_and_used(backend: str) -> Recurrent:
    """Return a layer that has run with and without gradients, several times."""
    torch.manual_seed(0)
    layer = Recurrent(GRUCell(3, 5), backend=backend)
    for _ in range(3):
        numbers(layer)
    return layer


def numbers(layer: Recurrent) -> list[Tensor]:
    input = torch.linspace(-1, 1, 24).reshape(4, 2, 3)
    state = torch.linspace(0, 1, 10).reshape(2, 5)
    results = [part.detach() for part in layer(input, state)]
    with torch.no_grad():
        results += layer(input, state)
        results += layer(input, state)
    return [*results, *torch.autograd.grad(layer(input, state)[0].sum(), [*layer.parameters()])]


@pytest.mark.parametrize("put", [replace, change_inside])
@pytest.mark.parametrize("name", SAME_SHAPE)
def test_parameters_are_read_as_they_are(name: str, put: Any):
    ours, truth = made_and_used("llvm"), made_and_used("eager")
    for layer in (ours, truth):
        torch.manual_seed(1)
        put(layer.cell, SAME_SHAPE[name])
    torch.testing.assert_close(numbers(ours), numbers(truth))


@pytest.mark.parametrize("put", [replace, change_inside])
@pytest.mark.parametrize("name", list(OTHERS))
def test_parameters_that_do_not_fit_are_refused(name: str, put: Any):
    layer = made_and_used("llvm")
    if put is change_inside and name == "complex":
        pytest.skip("torch refuses it")
    put(layer.cell, OTHERS[name])
    with pytest.raises(TraceError, match="RuntimeError"):
        layer(torch.zeros(4, 2, 3))
    with pytest.raises(TraceError, match="RuntimeError"), torch.no_grad():
        layer(torch.zeros(4, 2, 3), torch.zeros(2, 5))


def test_parameters_without_values_are_refused():
    layer = made_and_used("llvm")
    replace(layer.cell, lambda weight: weight.to("meta"))
    with pytest.raises(DeviceError, match="on meta"):
        layer(torch.zeros(4, 2, 3))


def free(tensor: Tensor) -> None:
    tensor.untyped_storage().resize_(0)


@pytest.mark.parametrize("with_gradient", [True, False])
def test_parameters_whose_memory_is_freed_are_refused(with_gradient: bool):
    layer = made_and_used("llvm")
    free(layer.cell.weight_hh)  # pyright: ignore[reportArgumentType]
    with pytest.raises(DeviceError, match="freed"), torch.set_grad_enabled(with_gradient):
        layer(torch.zeros(4, 2, 3), torch.zeros(2, 5))


def test_inputs_whose_memory_is_freed_are_refused():
    layer, input = made_and_used("llvm"), torch.zeros(4, 2, 3)
    free(input)
    with pytest.raises(DeviceError, match="freed"):
        layer(input)


@pytest.mark.parametrize("num_steps", [2**45, 2**62])
@pytest.mark.parametrize("with_gradient", [True, False])
def test_more_steps_than_there_is_memory(num_steps: int, with_gradient: bool):
    layer = made_and_used("llvm")
    with pytest.raises(RuntimeError, match=r"memory|overflow"), torch.set_grad_enabled(with_gradient):
        layer(torch.zeros(1, 1, 3).expand(num_steps, 1, 3))
