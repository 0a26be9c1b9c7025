"""States of every form, compiled against the plain loop."""

from typing import Any

import pytest
import torch
from comparing import check_float64, compare, random_state
from torch import Tensor, nn
from unequal_batches import RESETS, of_options

from elman.cells import Cell, GRUCell
from elman.cells.state import state_tensors
from elman.compiler import recurrence
from elman.errors import EagerWarning
from elman.layers import Recurrent

F64 = torch.float64


class LearnedStart(Cell):
    """Two states that are learned: one expanded, one computed."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.gates = nn.Linear(input_size + hidden_size, 2 * hidden_size)
        self.start = nn.Parameter(torch.randn(hidden_size))
        self.log_scale = nn.Parameter(torch.randn(hidden_size))

    def initial_state(self, batch_size: int) -> Any:
        return self.start.expand(batch_size, -1), self.log_scale.exp().repeat(batch_size, 1)

    def forward(self, input, state):
        h, c = state
        f, g = self.gates(torch.cat([input, h], 1)).chunk(2, 1)
        c = f.sigmoid() * c + g
        return c, (c.tanh(), c)


@of_options
@pytest.mark.parametrize("has_own_state", [False, True])
def test_a_learned_initial_state(options: dict[str, Any], has_own_state: bool):
    cell = LearnedStart(3, 5).double()
    found = {}
    for backend in ("llvm", "eager"):
        torch.manual_seed(2)
        input = torch.randn(4, 3, 3, dtype=F64, requires_grad=True)
        state = random_state(cell, 3, F64) if has_own_state else None
        more = {name: value for name, value in options.items() if name != "reverse"}
        layer = Recurrent(cell, backend=backend, reverse=options.get("reverse", False))
        output, final = layer(input, state, **more)
        results = [output, *final]
        loss = torch.stack([part.sin().sum() for part in results]).sum()
        leaves = {"input": input, **dict(cell.named_parameters())}
        gradients = torch.autograd.grad(loss, [*leaves.values()], allow_unused=True)
        found[backend] = {f"{k}": part.detach() for k, part in enumerate(results)}
        found[backend] |= {f"d {name}": part for name, part in zip(leaves, gradients, strict=True)}
    check_float64(found["llvm"], found["eager"])
    if not has_own_state or "resets" in options:
        assert found["llvm"]["d start"].all()


class Nested(Cell):
    """A state of three axes, and one in a tuple within a tuple; no parameters."""

    def initial_state(self, batch_size: int) -> Any:
        return self.zeros(batch_size, 4, 8), (self.zeros(batch_size, 3), (self.zeros(batch_size, 1),))

    def forward(self, input, state):
        table, (row, (number,)) = state
        number = 0.5 * number + input[:, :1]
        row = torch.tanh(row + input * number)
        table = 0.9 * table + row[:, :1, None] * torch.cat([row, row[:, :1]], 1)[:, :, None]
        return table.sum(2), (table, (row, (number,)))


@of_options
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_nested_states_of_several_axes_without_parameters(dtype: torch.dtype, options: dict[str, Any]):
    compare(lambda: Nested(3, 4), dtype, 4, 3, **options)


def test_the_final_state_has_the_structure_and_shapes_of_the_first():
    final = Recurrent(Nested(3, 4), backend="llvm")(torch.randn(4, 2, 3))[1]
    assert isinstance(final, tuple)
    table, (row, (number,)) = final
    assert [tuple(part.shape) for part in (table, row, number)] == [(2, 4, 8), (2, 3), (2, 1)]


@pytest.mark.parametrize("make", [Nested, GRUCell])
def test_what_has_half_the_bits_under_autocast_runs_as_a_plain_loop(
    make: type[Cell], monkeypatch: pytest.MonkeyPatch
):
    dtype = torch.bfloat16
    monkeypatch.setattr(recurrence, "_warned", set())
    cell, x = make(3, 4).to(dtype), torch.randn(4, 2, 3).to(dtype)
    with torch.autocast("cpu"), pytest.warns(EagerWarning, match=f"no kernels for {dtype}"):
        result = Recurrent(cell)(x)
    with torch.autocast("cpu"):
        torch.testing.assert_close(result, Recurrent(cell, backend="eager")(x), rtol=0, atol=0)


class Tied(Cell):
    """One weight under two names, and one bias used twice."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.first = nn.Linear(hidden_size, hidden_size)
        self.second = nn.Linear(hidden_size, hidden_size)
        self.second.weight = self.first.weight
        self.enter = nn.Linear(input_size, hidden_size)

    def forward(self, input, state):
        state = torch.tanh(self.first(state) + self.enter(input) + self.first.bias)
        return self.second(state), state


@of_options
def test_tied_weights(options: dict[str, Any]):
    compare(lambda: Tied(3, 5), F64, 4, 3, **options)


def test_states_may_lie_anyhow_in_memory():
    cell = GRUCell(3, 5).double()
    x = torch.randn(4, 3, 3, dtype=F64)
    state = torch.randn(5, 3, dtype=F64)
    states = [
        state.T,
        state.T.contiguous(),
        torch.randn(6, 10, dtype=F64)[::2, ::2],
        state[:, :1].T.expand(3, 5),
    ]
    for one in states:
        leaf = one.detach().requires_grad_()
        results = [Recurrent(cell, backend=backend)(x, leaf) for backend in ("llvm", "eager")]
        torch.testing.assert_close(*results)
        gradients = [torch.autograd.grad(state_tensors(result)[0].sum(), leaf) for _, result in results]
        torch.testing.assert_close(*gradients)


def second_derivatives(cell: Cell, state: Any, backend: str, **options: Any) -> dict[str, Tensor | None]:
    """Return the gradients of a penalty on gradients."""
    input = torch.linspace(-1, 1, 36, dtype=F64).view(4, 3, 3).requires_grad_()
    output, _ = Recurrent(cell, backend=backend)(input, state, **options)
    leaves = [input, *cell.parameters(), *(() if state is None else [state[0]])]
    first = torch.autograd.grad(output.sin().sum(), leaves, create_graph=True)
    penalty = torch.stack([gradient.square().sum() for gradient in first]).sum()
    second = torch.autograd.grad(penalty, leaves)
    return {f"d {k}": part.detach() for k, part in enumerate((*first, *second))}


def test_second_derivatives_of_one_tensor_in_several_places():
    """The fresh state is also the first one; or both states are one tensor."""
    cell = LearnedStart(3, 5).double()
    both = torch.randn(3, 5, dtype=F64, requires_grad=True)
    for state in (None, (both, both)):
        found = [second_derivatives(cell, state, backend, resets=RESETS) for backend in ("llvm", "eager")]
        check_float64(*found)
