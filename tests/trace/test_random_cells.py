"""Random cells: recorded, printed and parsed, and run: numbers and gradients are those of `forward`."""

import pytest
import torch
from hypothesis import given, settings
from random_cells import INPUT_SIZE, Plan, RandomCell, plans
from torch import Tensor

from elman.backends.reference import run
from elman.ir import parse_graph, print_graph, verify
from elman.trace import record


def check(plan: Plan) -> None:
    torch.manual_seed(0)
    cell = RandomCell(plan).double()
    recording = record(cell)
    verify(recording.graph)
    assert parse_graph(print_graph(recording.graph)) == recording.graph
    for num_rows in (1, 2, 5):
        sizes = [INPUT_SIZE, *[plan.hidden_size] * plan.num_states]
        x, *states = (torch.randn(num_rows, size, dtype=torch.float64, requires_grad=True) for size in sizes)
        output, new_states = cell(x, tuple(states))
        result = run(recording.graph, [x, *states, *recording.parameters(cell)])
        ours, theirs = [result.output, *result.new_states], [output, *new_states]
        tolerance = 0 if recording.is_exact else 1e-13
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)
        leaves = [x, *states, *cell.parameters()]
        torch.testing.assert_close(gradients(ours, leaves), gradients(theirs, leaves), rtol=1e-12, atol=1e-12)


def gradients(results: list[Tensor], leaves: list[Tensor]) -> list[Tensor]:
    weights = [torch.linspace(0.5, 1, part.numel(), dtype=part.dtype).view_as(part) for part in results]
    loss = sum((weight * part).sum() for weight, part in zip(weights, results, strict=True))
    return [*torch.autograd.grad(torch.as_tensor(loss), leaves, allow_unused=True, materialize_grads=True)]


@settings(max_examples=40)
@given(plan=plans())
def test_a_random_cell_is_recorded_as_what_it_computes(plan: Plan):
    check(plan)


@pytest.mark.long
@settings(max_examples=500)
@given(plan=plans())
def test_many_random_cells_are_recorded_as_what_they_compute(plan: Plan):
    check(plan)
