"""The forward tangent of a step: it is what forward-mode differentiation of the step gives."""

import pytest
import torch
from torch import Tensor
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.backends.reference import run
from elman.cells import ALL_CELLS
from elman.ir import GraphBuilder, StepGraph, verify
from elman.passes import canonical, linearize
from elman.trace import record

CELLS = {**USER_CELLS, **ALL_CELLS}


def arguments_of(graph: StepGraph, num_rows: int) -> list[Tensor]:
    """Random numbers, positive as a normaliser must be."""
    shapes = [(num_rows, *a.type.shape) if a.type.per_row else a.type.shape for a in graph.arguments]
    found = [torch.rand(shape, dtype=torch.float64) + 0.1 for shape in shapes]
    kinds = [argument.type.dtype for argument in graph.arguments]
    return [one > 0.5 if kind == "boolean" else one for one, kind in zip(found, kinds, strict=True)]


def check(graph: StepGraph) -> None:
    """Compare with torch's own forward mode, along random tangents of the states."""
    tangent_graph = linearize(graph)
    verify(tangent_graph)
    arguments, states = arguments_of(graph, 3), graph.of_kind("state")
    moves = [torch.randn_like(arguments[number]) for number in states]

    def step(*new: Tensor) -> tuple[Tensor, ...]:
        values = list(arguments)
        for number, value in zip(states, new, strict=True):
            values[number] = value
        result = run(graph, values)
        return result.output, *result.new_states

    # Forward mode by two reverse ones: a mark for the way back has no forward formula in torch.
    _, expected = torch.autograd.functional.jvp(step, tuple(arguments[n] for n in states), tuple(moves))
    found = run(tangent_graph, [*arguments, *moves])
    plain = run(graph, arguments)
    torch.testing.assert_close(found.new_states[: len(states)], plain.new_states, rtol=1e-14, atol=1e-14)
    ours = (found.output, *found.new_states[len(states) :])
    torch.testing.assert_close(ours, tuple(expected), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_the_tangent_of_a_cell(name: str):
    torch.manual_seed(0)
    cell = CELLS[name](4, 6).double()
    graph = record(cell).graph
    for one in (graph, canonical(graph)):
        check(one)


def test_a_probe_moves_one_value_of_each_row():
    torch.manual_seed(0)
    cell = ALL_CELLS["gru"](4, 6).double()
    graph = canonical(record(cell).graph)
    product = len(graph.arguments) + next(k for k, node in enumerate(graph.nodes) if node.op == "linear")
    tangent_graph = linearize(graph, [product])
    verify(tangent_graph)
    assert f"d @{product}" in [a.name for a in tangent_graph.arguments if a.kind == "step_input"]
    arguments = arguments_of(graph, 3)
    still = torch.zeros(3, 6, dtype=torch.float64)
    move = torch.randn(3, 6, dtype=torch.float64)
    found = run(tangent_graph, [*arguments, still, move])
    small = 1e-6

    def moved(sign: float) -> Tensor:
        # A bias of the product would move it alike for all rows; one row at a time, it is a probe.
        rows = []
        for row in range(3):
            values = list(arguments)
            shifted = _with_shift(graph, product, sign * small * move[row])
            rows.append(run(shifted, values).new_states[0][row])
        return torch.stack(rows)

    expected = (moved(1.0) - moved(-1.0)) / (2 * small)
    torch.testing.assert_close(found.new_states[1], expected, rtol=1e-7, atol=1e-8)


def _with_shift(graph: StepGraph, value: int, shift: Tensor) -> StepGraph:
    """The graph with constants added to a value."""
    builder = GraphBuilder()
    new = [builder.add_argument(a.name, a.kind, a.type) for a in graph.arguments]
    for number, node in enumerate(graph.nodes, start=len(new)):
        made = builder.add(node.op, *(new[v] for v in node.operands), **node.attributes)
        if number == value:
            numbers = [builder.add("constant", value=float(one)) for one in shift]
            ones = [builder.add("broadcast", one, shape=(1,), rows=True) for one in numbers]
            made = builder.add("add", made, builder.add("concat", *ones, axis=0))
        new.append(made)
    return builder.finish(new[graph.output], tuple(new[v] for v in graph.new_states))
