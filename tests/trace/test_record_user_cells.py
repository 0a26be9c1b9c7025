"""Cells in many styles: the graph says what `forward` does, to the bit where it promises that."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from user_cells import USER_CELLS

import elman
from elman.backends.eager import Resets, run_loop
from elman.backends.reference import make_step, run
from elman.cells import ALL_CELLS, Cell, map_state
from elman.cells.state import state_tensors
from elman.ir import parse_graph, print_graph, verify
from elman.trace import record

CELLS = {**USER_CELLS, **ALL_CELLS}
EPS = {torch.float32: 2.0**-23, torch.float64: 2.0**-52}


def sample(cell: Cell, num_rows: int, **options: Any) -> tuple[Tensor, Any]:
    """A random input and state, with the dtype of the cell's parameters."""
    state = map_state(lambda part: torch.randn_like(part, **options), cell.initial_state(num_rows))
    like = state_tensors(state)[0]
    return torch.randn(num_rows, cell.input_size, dtype=like.dtype, **options), state


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CELLS)
def test_the_graph_gives_the_numbers_of_forward(name: str, dtype: torch.dtype):
    cell = CELLS[name](4, 6).to(dtype)
    recording = record(cell)
    verify(recording.graph)
    for num_rows in (1, 2, 7):
        input, state = sample(cell, num_rows)
        output, new_state = cell(input, state)
        result = run(recording.graph, [input, *state_tensors(state), *recording.parameters(cell)])
        # A function spelt out in several ops rounds a few more times than torch's own.
        tolerance = 0 if recording.is_exact else 16 * EPS[dtype]
        expected = [output, *state_tensors(new_state)]
        torch.testing.assert_close(
            [result.output, *result.new_states], expected, rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("name", CELLS)
def test_text_says_all_of_the_graph(name: str):
    graph = record(CELLS[name](4, 6)).graph
    text = print_graph(graph)
    assert parse_graph(text) == graph
    assert print_graph(parse_graph(text)) == text


@pytest.mark.parametrize("name", CELLS)
def test_gradients_are_those_of_forward(name: str):
    cell = CELLS[name](4, 6).double()
    recording = record(cell)
    input, state = sample(cell, 3, requires_grad=True)
    leaves = [input, *state_tensors(state), *cell.parameters()]

    def gradients(output: Tensor, states: list[Tensor]) -> tuple[Tensor | None, ...]:
        torch.manual_seed(1)
        loss = sum((torch.randn_like(part) * part).sum() for part in [output, *states])
        return torch.autograd.grad(torch.as_tensor(loss), leaves, allow_unused=True)

    output, new_state = cell(input, state)
    expected = gradients(output, state_tensors(new_state))
    result = run(recording.graph, [input, *state_tensors(state), *recording.parameters(cell)])
    for ours, theirs in zip(gradients(result.output, [*result.new_states]), expected, strict=True):
        assert (ours is None) == (theirs is None)
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_sequences_run_as_in_the_eager_loop(name: str, reverse: bool):
    cell = CELLS[name](4, 6).double()
    recording = record(cell)
    _, state = sample(cell, 3)
    _, fresh = sample(cell, 3)
    input = torch.randn(5, 3, 4, dtype=torch.float64)
    options = {"lengths": torch.tensor([5, 1, 3]), "reverse": reverse}
    starts = torch.rand(5, 3) < 0.3
    output, final = run_loop(cell, input, state, resets=Resets(starts, fresh), **options)
    ours, our_final = run_loop(
        make_step(recording.graph, recording.parameters(cell)),
        input,
        tuple(state_tensors(state)),
        resets=Resets(starts, tuple(state_tensors(fresh))),
        **options,
    )
    expected = [output, *state_tensors(final)]
    torch.testing.assert_close([ours, *our_final], expected, rtol=1e-12, atol=1e-12)


def test_no_cell_is_known_by_name():
    source = Path(elman.__file__).parent
    names = {cell.__name__.lower() for cell in ALL_CELLS.values()} | ALL_CELLS.keys() - {"elman"}
    names |= {name.partition("-")[0].lower() for name in USER_CELLS}
    names |= {"indrnn", "mingru", "fastgrnn", "peephole", "lru", "highway"}
    for folder in ("trace", "ir", "backends/reference"):
        for path in (source / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8").lower()
            assert [name for name in names if name in text] == [], path
