"""Step inputs of every form, compiled against the plain loop."""

from typing import Any

import pytest
import torch
from comparing import check_float64, compare
from torch import Tensor, nn
from unequal_batches import RESETS, of_options

from elman.cells import Cell, GRUCell
from elman.layers import Recurrent

F64 = torch.float64


class Fed(Cell):
    """A GRU that is given tensors of every kind besides its input."""

    def __init__(self, **steps: Tensor):
        super().__init__(3, 5)
        self.cell = GRUCell(3, 5)
        self.steps = nn.ParameterDict({name: nn.Parameter(t) for name, t in steps.items() if t.requires_grad})
        self.plain = {name: t for name, t in steps.items() if not t.requires_grad}

    def initial_state(self, batch_size: int) -> Any:
        return self.cell.initial_state(batch_size)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        return {
            name: self.fit(t, num_steps, batch_size) for name, t in (self.plain | dict(self.steps)).items()
        }

    @staticmethod
    def fit(tensor: Tensor, num_steps: int, batch_size: int) -> Tensor:
        """Return it for any T and N: the recorder and the layer ask for others than those of the test."""
        if tensor.dim() != 2:
            tensor = tensor[[t % len(tensor) for t in range(num_steps)]]
        axis = 1 if tensor.dim() == 3 else 0
        if tensor.dim() > 1:
            rows = torch.tensor([n % tensor.shape[axis] for n in range(batch_size)])
            tensor = tensor.index_select(axis, rows)
        return tensor

    def forward(self, input, state, moving=None, row=None, time=None, mask=None, where=None):
        output, new_state = self.cell(input, state)
        for part in (moving, row):
            if part is not None:
                output, new_state = output + part * new_state, new_state * torch.sigmoid(part)
        if time is not None:
            new_state = new_state + 0.1 * time
        if mask is not None:
            new_state = torch.where(mask, new_state, state)
        if where is not None:
            output = torch.where(where, output, -output)
        return output, new_state


def steps_of(kinds: str, *, trained: bool = False) -> dict[str, Tensor]:
    drawn = {
        "moving": torch.randn(4, 3, 5, dtype=F64),
        "row": torch.randn(3, 5, dtype=F64),
        "time": torch.randn(4, dtype=F64),
        "mask": torch.rand(4, 3, 5) < 0.5,
        "where": torch.rand(3, 1) < 0.5,
    }
    chosen = {name: drawn[name] for name in kinds.split()}
    return {n: t.requires_grad_(trained and t.is_floating_point()) for n, t in chosen.items()}


KINDS = ["moving", "row", "time", "mask", "where", "moving row time mask where"]


@of_options
@pytest.mark.parametrize("kinds", KINDS)
def test_step_inputs(kinds: str, options: dict[str, Any]):
    compare(lambda: Fed(**steps_of(kinds)), F64, 4, 3, **options)


@of_options
@pytest.mark.parametrize("kinds", ["moving", "row", "moving row mask where"])
def test_step_inputs_with_gradients(kinds: str, options: dict[str, Any]):
    compare(lambda: Fed(**steps_of(kinds, trained=True)), F64, 4, 3, **options)


def test_step_inputs_with_second_derivatives():
    cell = Fed(**steps_of("moving row mask", trained=True)).double()
    found = {}
    for backend in ("llvm", "eager"):
        torch.manual_seed(2)
        input = torch.randn(4, 3, 3, dtype=F64, requires_grad=True)
        output, _ = Recurrent(cell, backend=backend)(input, lengths=[4, 2, 3], resets=RESETS)
        (gradient,) = torch.autograd.grad(output.sin().sum(), input, create_graph=True)
        second = torch.autograd.grad(gradient.square().sum(), [input, *cell.parameters()], allow_unused=True)
        found[backend] = {f"d {k}": part for k, part in enumerate(second)}
    check_float64(found["llvm"], found["eager"])


class StepAsOutput(Cell):
    """A step input leaves as the output, and as a state, as it came."""

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(0)
        return {"noise": torch.randn(num_steps, batch_size, self.hidden_size, generator=generator)}

    def initial_state(self, batch_size: int) -> Any:
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def forward(self, input, state, noise):  # pyright: ignore[reportIncompatibleMethodOverride]
        a, b = state
        return noise, (noise, torch.tanh(a + b + input[:, :1]))


@of_options
def test_a_step_input_as_output_and_state(options: dict[str, Any]):
    compare(lambda: StepAsOutput(3, 5), torch.float32, 4, 3, **options)


class AddsBoth(Cell):
    """Two step inputs, and the input, whose gradients are the same numbers."""

    def __init__(self, *, with_input: bool):
        super().__init__(5, 5)
        self.weight = nn.Parameter(torch.randn(5, 5, dtype=F64) / 3)
        self.first, self.second = (nn.Parameter(torch.randn(20, 5, dtype=F64)) for _ in range(2))
        self.with_input = with_input

    def initial_state(self, batch_size: int) -> Any:
        return self.weight.new_zeros(batch_size, 5)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        rows = torch.arange(batch_size) % 20
        return {name: getattr(self, name)[rows].expand(num_steps, -1, -1) for name in ("first", "second")}

    def forward(self, input, state, first, second):  # pyright: ignore[reportIncompatibleMethodOverride]
        state = torch.tanh(state @ self.weight.T + first + second + (input if self.with_input else 0))
        return state, state


@pytest.mark.parametrize("with_input", [False, True])
def test_step_inputs_with_one_and_the_same_gradient(with_input: bool):
    cell = AddsBoth(with_input=with_input)
    input = torch.randn(6, 20, 5, dtype=F64, requires_grad=with_input)
    leaves = [*cell.parameters(), *([input] if with_input else [])]
    found = []
    for backend in ("eager", "llvm"):
        output, _ = Recurrent(cell, backend=backend)(input)
        found.append(torch.autograd.grad(output.sin().sum(), leaves))
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-12)
