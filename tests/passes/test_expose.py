"""A step that shows other values as its output."""

import pytest
import torch

from elman.backends.reference import run
from elman.cells import ALL_CELLS
from elman.ir import GraphBuilder, Type, verify
from elman.passes import canonical, expose
from elman.trace import record


@pytest.mark.parametrize("name", ["elman", "lstm", "gru", "layer_norm_gru", "skip_connection"])
def test_the_output_is_the_values_side_by_side(name: str):
    torch.manual_seed(0)
    cell = ALL_CELLS[name](3, 4).double()
    graph = canonical(record(cell).graph)
    shapes = [(5, *one.type.shape) if one.type.per_row else one.type.shape for one in graph.arguments]
    arguments = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    plain = run(graph, arguments)
    shown = [*graph.of_kind("input"), *graph.of_kind("state"), *graph.new_states]
    exposed = expose(graph, shown)
    verify(exposed)
    found = run(exposed, arguments)
    values = [*(arguments[n] for n in shown[: -len(graph.new_states)]), *plain.new_states]
    torch.testing.assert_close(found.output, torch.cat([one.flatten(1) for one in values], dim=-1))
    torch.testing.assert_close(found.new_states, plain.new_states)


def test_what_is_the_same_for_all_rows_is_repeated_for_each():
    builder = GraphBuilder()
    input = builder.add_argument("input", "input", Type((2,)))
    weight = builder.add_argument("weight", "parameter", Type((2, 2), per_row=False))
    graph = builder.finish(input, ())
    found = run(expose(graph, [input, weight]), [torch.zeros(3, 2), torch.arange(4.0).view(2, 2)])
    assert found.output.tolist() == [[0, 0, 0, 1, 2, 3]] * 3
