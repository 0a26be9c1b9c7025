"""Parameters are looked up at each call; a recording knows when it no longer holds; step inputs."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrizations

from elman.backends.reference import run
from elman.cells import Cell, LSTMCell
from elman.ir import print_graph
from elman.trace import Recording, record


class Parametrized(Cell):
    """A recurrent weight that is orthogonal, an input weight of norm times direction, a positive decay."""

    mask: Tensor

    def __init__(self, input_size: int = 3, hidden_size: int = 4):
        super().__init__(input_size, hidden_size)
        self.u = parametrizations.orthogonal(nn.Linear(hidden_size, hidden_size, bias=False))
        self.w = parametrizations.weight_norm(nn.Linear(input_size, hidden_size))
        self.s = parametrizations.spectral_norm(nn.Linear(hidden_size, hidden_size))
        self.log_decay = nn.Parameter(torch.randn(hidden_size))
        self.register_buffer("mask", torch.tensor([True, False, True, True]))

    def forward(self, input, state):
        decay = torch.exp(-F.softplus(self.log_decay))
        hidden = torch.tanh(self.w(input) + self.u(state) + self.s(state))
        state = torch.where(self.mask, decay * state + (1 - decay) * hidden, hidden)
        return state, state


def replay(recording: Recording, cell: Cell, *tensors: Tensor) -> Tensor:
    return run(recording.graph, [*tensors, *recording.parameters(cell)]).output


def test_what_depends_on_parameters_alone_is_no_part_of_the_graph():
    cell = Parametrized().eval()
    recording = record(cell)
    ops = [node.op for node in recording.graph.nodes]
    assert ops.count("linear") == 3
    assert {"exp", "softplus", "neg", "matmul"}.isdisjoint(ops)
    x, h = torch.randn(2, 3), torch.randn(2, 4)
    torch.testing.assert_close(replay(recording, cell, x, h), cell(x, h)[0], rtol=0, atol=0)


def test_a_transposed_weight_is_the_weight_itself():
    class Product(Cell):
        def __init__(self):
            super().__init__(3, 3)
            self.weight = nn.Parameter(torch.randn(3, 3))

        def forward(self, input, state):
            state = input @ self.weight.T + state @ self.weight
            return state, state

    line = Product.forward.__code__.co_firstlineno + 1
    assert print_graph(record(Product()).graph).splitlines()[2:6] == [
        "weight: parameter real[3, 3]",
        f"%3 = linear(input, weight) : real[N, 3]  # {__file__}:{line}",
        f'%4 = transpose(weight) {{"axes": [1, 0]}} : real[3, 3]  # {__file__}:{line}',
        f"%5 = linear(state, %4) : real[N, 3]  # {__file__}:{line}",
    ]


def test_gradients_reach_the_parameters_behind_a_parametrization():
    cell = Parametrized().double().eval()
    recording = record(cell)
    x, h = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 4, dtype=torch.float64)
    expected = torch.autograd.grad(cell(x, h)[0].square().sum(), list(cell.parameters()))
    found = torch.autograd.grad(replay(recording, cell, x, h).square().sum(), list(cell.parameters()))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_parameters_are_those_of_now():
    cell = Parametrized().eval()
    recording = record(cell)
    x, h = torch.randn(2, 3), torch.randn(2, 4)
    cell.log_decay.data.mul_(3)
    cell.get_parameter("w.bias").detach().numpy()[:] = 7
    cell.load_state_dict(
        {
            name: tensor + 0.1 * tensor.float().sin() if tensor.is_floating_point() else ~tensor
            for name, tensor in cell.state_dict().items()
        }
    )
    torch.testing.assert_close(replay(recording, cell, x, h), cell(x, h)[0], rtol=0, atol=0)
    twin = copy.deepcopy(cell)
    twin.log_decay.data.zero_()
    torch.testing.assert_close(replay(recording, twin, x, h), twin(x, h)[0], rtol=0, atol=0)
    assert recording.fits(twin)


def test_functional_call_reaches_the_bindings():
    cell = LSTMCell(3, 4)
    recording = record(cell)
    seen: list[tuple[Tensor, ...]] = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell

        def forward(self):
            seen.append(recording.parameters(self.cell))

    weights = {f"cell.{name}": torch.randn_like(part) for name, part in cell.named_parameters()}
    torch.func.functional_call(Spy(), weights, ())
    bound = {
        recording.graph.arguments[n].name: part
        for n, part in zip(recording.graph.of_kind("parameter"), seen[0], strict=True)
    }
    assert all(bound[name] is weights[f"cell.{name}"] for name in bound)
    assert bound.keys() == dict(cell.named_parameters()).keys()


class Options(Cell):
    """A cell with plain attributes, a sub-module with one, and dropout."""

    def __init__(self):
        super().__init__(3, 3)
        self.scale = 2.0
        self.sizes = [1, 2]
        self.activation = torch.tanh
        self.dropout = nn.Dropout(0.5)
        self.norm = nn.LayerNorm(3)
        self.weight = nn.Parameter(torch.randn(3))
        self.bias: nn.Parameter | None = nn.Parameter(torch.randn(3))

    def forward(self, input, state):
        state = self.activation(self.norm(self.scale * input + self.dropout(state)) * self.weight)
        return (state if self.bias is None else state + self.bias), state


def set_attribute(name: str, value: Any):
    def change(cell: Cell) -> None:
        owner, _, leaf = name.rpartition(".")
        setattr(cell.get_submodule(owner), leaf, value)

    return change


CHANGES = {
    "a number": set_attribute("scale", 3.0),
    "a number of another type": set_attribute("scale", 2),
    "a sign of zero": set_attribute("norm.eps", -0.0),
    "an item of a list": lambda cell: cell.sizes.append(3),
    "a function": set_attribute("activation", torch.sigmoid),
    "an attribute of a sub-module": set_attribute("norm.eps", 0.1),
    "a new attribute": set_attribute("extra", 1),
    "training": lambda cell: cell.train(),
    "training of a sub-module": lambda cell: cell.dropout.train(),
    "a parameter that is gone": set_attribute("bias", None),
    "a parameter of another shape": set_attribute("weight", nn.Parameter(torch.ones(1))),
    "two parameters that are one": lambda cell: setattr(cell, "bias", cell.weight),
    "the dtype": lambda cell: cell.double(),
    "another sub-module": set_attribute("dropout", nn.Identity()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_recording_no_longer_fits_after_a_change(change: str):
    cell = Options().eval()
    recording = record(cell)
    assert recording.fits(cell)
    assert recording.fits(copy.deepcopy(cell))
    CHANGES[change](cell)
    assert not recording.fits(cell)


def test_a_recording_fits_whatever_the_numbers_of_the_parameters_are():
    cell = Options().eval()
    recording = record(cell)
    cell.weight.data.zero_()
    cell.weight.requires_grad_(False)
    cell.weight.grad = torch.ones(3)
    assert recording.fits(cell)


class Zoneout(Cell):
    """Keeps units of its state at random, drops inputs by one mask a sequence, and knows the time."""

    def __init__(self):
        super().__init__(3, 3)
        self.w = nn.Linear(3, 3)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        return {
            "keep": torch.rand(num_steps, batch_size, self.hidden_size) < 0.1,
            "mask": (torch.rand(batch_size, self.input_size) < 0.5) * 2.0,
            "time": torch.arange(num_steps) / num_steps,
        }

    def forward(self, input, state, *, keep, mask, time):  # pyright: ignore[reportIncompatibleMethodOverride]
        new = torch.tanh(self.w(input * mask) + torch.sin(time) * state)
        state = torch.where(keep, state, new)
        return state, state


def test_step_inputs_are_arguments_with_and_without_rows_and_never_with_time():
    cell = Zoneout()
    before = torch.get_rng_state()
    recording = record(cell)
    assert torch.equal(torch.get_rng_state(), before)
    head = print_graph(recording.graph).splitlines()[:5]
    assert head == [
        "input: input real[N, 3]",
        "state: state real[N, 3]",
        "keep: step_input boolean[N, 3]",
        "mask: step_input real[N, 3]",
        "time: step_input real[]",
    ]
    x, h = torch.randn(2, 4, 3).unbind()
    given = {"keep": torch.rand(4, 3) < 0.5, "mask": torch.rand(4, 3), "time": torch.tensor(0.3)}
    torch.testing.assert_close(
        replay(recording, cell, x, h, *given.values()), cell(x, h, **given)[0], rtol=0, atol=0
    )


def test_recording_leaves_the_random_numbers_and_the_cell_as_they_were():
    cell = LSTMCell(3, 4)
    before = {name: tensor.clone() for name, tensor in cell.state_dict().items()}
    state = torch.get_rng_state()
    record(cell)
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(cell.state_dict(), before, rtol=0, atol=0)
    assert all(parameter.grad is None for parameter in cell.parameters())


def test_a_cell_can_be_recorded_where_gradients_are_off():
    with torch.inference_mode():
        in_inference = record(LSTMCell(3, 4)).graph
    assert in_inference == record(LSTMCell(3, 4)).graph


def test_lines_are_those_of_the_cell():
    recording = record(Zoneout())
    assert {node.source and node.source.file for node in recording.graph.nodes} == {__file__}
