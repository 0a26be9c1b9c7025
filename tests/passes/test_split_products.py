"""However a cell writes its products, the passes bring them to one form, and change no number on the way."""

import pytest
import torch
from three_styles import STYLES, form
from torch import Tensor
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.backends.reference import run
from elman.cells import ALL_CELLS, Cell
from elman.ir import Node, StepGraph, parse_graph, verify
from elman.passes import share, simplify, split_products
from elman.trace import record

CELLS = {**USER_CELLS, **ALL_CELLS}
EPS = 2.0**-52


def prepared(graph: StepGraph) -> StepGraph:
    for stage in (share, split_products, simplify, share):
        graph = stage(graph)
        verify(graph)
    return graph


@pytest.mark.parametrize("cell", STYLES)
def test_styles_become_one_form(cell: type[Cell]):
    forms = {form(prepared(record(cell(style, 3, 5)).graph)) for style in STYLES[cell]}  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert len(forms) == 1


def arguments_of(cell: Cell, graph: StepGraph) -> list[Tensor]:
    shapes = [argument.type for argument in graph.arguments if argument.kind != "parameter"]
    free = [torch.randn(3, *shape.shape, dtype=torch.float64) for shape in shapes]
    return [*free, *record(cell).parameters(cell)]


@pytest.mark.parametrize("name", CELLS)
def test_numbers_are_kept(name: str):
    cell = CELLS[name](4, 6).double()
    graph = record(cell).graph
    ours = prepared(graph)
    arguments = arguments_of(cell, graph)
    before, after = run(graph, arguments), run(ours, arguments)
    is_split = any(node.op == "concat" for node in graph.nodes)
    # A sum that is split is rounded in another order, and so is what is computed from it.
    tolerance = 16 * EPS if is_split else 4 * EPS
    torch.testing.assert_close(
        [after.output, *after.new_states], [before.output, *before.new_states], rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("name", USER_CELLS)
def test_no_product_is_cut_and_none_reads_a_concat(name: str):
    graph = prepared(record(USER_CELLS[name](4, 6)).graph)
    by_value: dict[int, Node] = dict(enumerate(graph.nodes, start=len(graph.arguments)))
    readers = [(node, by_value.get(operand)) for node in graph.nodes for operand in node.operands]
    assert not any(node.op == "linear" and operand and operand.op == "concat" for node, operand in readers)
    if "LayerNorm" not in name:
        assert not any(node.op == "slice" and node.type.per_row for node in graph.nodes)


HEAD = "input: input real[N, 4]\nweight: parameter real[6, 4]\nbias: parameter real[6]\n"


def test_a_product_that_is_also_read_whole_stays_whole():
    graph = parse_graph(
        f"{HEAD}%3 = linear(input, weight, bias) : real[N, 6]\n"
        '%4 = sum(%3) {"axes": [0]} : real[N]\n'
        '%5 = slice(%3) {"axis": 0, "start": 0, "stop": 3, "step": 1} : real[N, 3]\n'
        "%6 = mul(%5, %4) : real[N, 3]\noutput %6\nstates\n"
    )
    verify(graph)
    assert split_products(graph) == graph


def test_a_product_that_a_whole_value_is_made_of_stays_whole():
    graph = parse_graph(
        f"{HEAD}%3 = linear(input, weight, bias) : real[N, 6]\n"
        "%4 = tanh(%3) : real[N, 6]\n"
        '%5 = slice(%3) {"axis": 0, "start": 0, "stop": 3, "step": 1} : real[N, 3]\n'
        '%6 = concat(%4, %5) {"axis": 0} : real[N, 9]\noutput %6\nstates\n'
    )
    verify(graph)
    assert split_products(graph) == graph


def test_slices_of_slices_reach_the_weight():
    graph = parse_graph(
        f"{HEAD}%3 = linear(input, weight, bias) : real[N, 6]\n"
        '%4 = reshape(%3) {"shape": [3, 2]} : real[N, 3, 2]\n'
        "%5 = tanh(%4) : real[N, 3, 2]\n"
        '%6 = slice(%5) {"axis": 0, "start": 1, "stop": 3, "step": 1} : real[N, 2, 2]\n'
        '%7 = slice(%6) {"axis": 0, "start": 1, "stop": 2, "step": 1} : real[N, 1, 2]\n'
        '%8 = reshape(%7) {"shape": [2]} : real[N, 2]\noutput %8\nstates\n'
    )
    verify(graph)
    expected = parse_graph(
        f"{HEAD}"
        '%3 = slice(weight) {"axis": 0, "start": 4, "stop": 6, "step": 1} : real[2, 4]\n'
        '%4 = slice(bias) {"axis": 0, "start": 4, "stop": 6, "step": 1} : real[2]\n'
        "%5 = linear(input, %3, %4) : real[N, 2]\n"
        "%6 = tanh(%5) : real[N, 2]\noutput %6\nstates\n"
    )
    assert split_products(graph) == expected


def test_overlapping_slices_of_a_deep_chain_stay_few():
    lines = [HEAD, "%3 = linear(input, weight, bias) : real[N, 6]"]
    value = 3
    for size in (5, 4, 3, 2):
        for start in (0, 1):
            cut = f'{{"axis": 0, "start": {start}, "stop": {start + size}, "step": 1}}'
            lines.append(f"%{value + start + 1} = slice(%{value}) {cut} : real[N, {size}]")
        lines.append(f"%{value + 3} = add(%{value + 1}, %{value + 2}) : real[N, {size}]")
        value += 3
    graph = parse_graph("\n".join([*lines, f"output %{value}", "states"]))
    verify(graph)
    ours = split_products(graph)
    assert sum(node.op == "linear" for node in ours.nodes) == 5
    arguments = [torch.randn(3, 4), torch.randn(6, 4), torch.randn(6)]
    torch.testing.assert_close(run(ours, arguments).output, run(graph, arguments).output)
