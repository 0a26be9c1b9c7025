"""The gradient of every cell over a sequence is that of autograd through the plain loop."""

import pytest
import torch
from gradients import assert_same, by_autograd, by_passes, prepared, random_arguments, random_cotangents
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.backends.eager import run_loop
from elman.backends.reference import run_backward, run_steps
from elman.cells import ALL_CELLS, map_state
from elman.cells.state import state_tensors
from elman.errors import GraphError
from elman.ir import StepGraph, parse_graph, verify
from elman.ir.graph import KINDS
from elman.passes import differentiate
from elman.trace import record

CELLS = {**USER_CELLS, **ALL_CELLS}


@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_a_cell_are_those_of_the_eager_loop(name: str):
    cell = CELLS[name](4, 6).double()
    recording = record(cell)
    graph = prepared(recording.graph)
    gradient = differentiate(graph)
    verify(gradient.graph)
    for num_steps, num_rows in ((1, 3), (2, 1), (7, 3)):
        input = torch.randn(num_steps, num_rows, 4, dtype=torch.float64, requires_grad=True)
        start = map_state(lambda part: torch.randn_like(part).requires_grad_(), cell.initial_state(num_rows))
        cotangents = random_cotangents(graph, num_steps, num_rows)
        output, final = run_loop(cell, input, start)
        leaves = [input, *state_tensors(start), *cell.parameters()]
        ends = [output, *state_tensors(final)]
        expected = torch.autograd.grad(ends, leaves, cotangents, allow_unused=True)

        parameters = recording.parameters(cell)
        with torch.no_grad():
            _, steps = run_steps(graph, [input, *state_tensors(start), *parameters], num_steps)
            ours = run_backward(graph, gradient, steps, cotangents[0], cotangents[1:])
        names = [graph.arguments[number].name for number in graph.of_kind("parameter")]
        # Buffers are parameters of the graph that want no gradient.
        wanted = [(p, n) for p, n in zip(parameters, names, strict=True) if p.requires_grad]
        pairs = [(p, ours.others[n]) for p, n in wanted if n in ours.others]
        # What is computed from parameters alone is torch's to take back to them. A reservoir has none.
        of_cell = (
            torch.autograd.grad(
                [p for p, _ in pairs], [*cell.parameters()], [g for _, g in pairs], allow_unused=True
            )
            if pairs
            else ()
        )
        # Absolute too: a sum over steps and rows of both signs may come out near 0.
        assert_same([ours.input, *ours.states, *of_cell], expected, 1e-12)


def check(graph: StepGraph, num_steps: int = 3, num_rows: int = 3) -> None:
    verify(graph)
    arguments = random_arguments(graph, num_steps, num_rows)
    cotangents = random_cotangents(graph, num_steps, num_rows)
    expected = by_autograd(graph, arguments, cotangents, num_steps)
    for ours in (graph, prepared(graph)):
        assert_same(by_passes(ours, arguments, cotangents, num_steps), expected, 1e-12)


HEAD = """
input: input real[N, 4]
state: state real[N, 4]
weight: parameter real[4, 4]
bias: parameter real[4]
"""
GRAPHS = {
    "the output is not the state": """
        %4 = linear(input, weight, bias) : real[N, 4]
        %5 = add(%4, state) : real[N, 4]
        %6 = tanh(%5) : real[N, 4]
        %7 = linear(%6, weight) : real[N, 4]
        output %7
        states %6""",
    "a state is passed through": "%4 = mul(input, state) : real[N, 4]\noutput %4\nstates state",
    "a state is not read": "%4 = mul(input, bias) : real[N, 4]\noutput %4\nstates %4",
    "the input is not read": "%4 = mul(bias, state) : real[N, 4]\noutput %4\nstates %4",
    "the output is the old state": "%4 = add(input, state) : real[N, 4]\noutput state\nstates %4",
    "two widths": """
        wide: state real[N, 3, 2]
        %5 = tanh(wide) : real[N, 3, 2]
        %6 = sum(%5) {"axes": [0, 1]} : real[N]
        %7 = mul(state, %6) : real[N, 4]
        output %7
        states %7, %5""",
    "step inputs of rows, of steps, and boolean": """
        mask: step_input boolean[N, 4]
        scale: step_input real[N, 4]
        rate: step_input real[]
        %7 = where(mask, input, state) : real[N, 4]
        %8 = mul(%7, scale) : real[N, 4]
        %9 = mul(%8, rate) : real[N, 4]
        output %9
        states %9""",
    "a weight that changes from step to step": """
        map: step_input real[4, 4]
        %5 = mul(map, weight) : real[4, 4]
        %6 = linear(state, %5, bias) : real[N, 4]
        %7 = linear(%6, map) : real[N, 4]
        output %7
        states %6""",
    "products of more axes": """
        wide: state real[N, 2, 4]
        %5 = linear(wide, weight, bias) : real[N, 2, 4]
        %6 = tanh(%5) : real[N, 2, 4]
        output input
        states state, %6""",
    "blocks": """
        blocks: parameter real[2, 2, 2]
        %5 = reshape(state) {"shape": [2, 2]} : real[N, 2, 2]
        %6 = block_linear(%5, blocks) : real[N, 2, 2]
        %7 = reshape(%6) {"shape": [4]} : real[N, 4]
        output %7
        states %7""",
    "marks": """
        %4 = add(input, state) : real[N, 4]
        %5 = observe(%4) {"name": "sum"} : real[N, 4]
        %6 = clip_gradient(%5) {"limit": 0.5} : real[N, 4]
        %7 = stop_gradient(%4) : real[N, 4]
        %8 = mul(%6, %7) : real[N, 4]
        output %8
        states %6""",
    "two clips of one value": """
        %4 = add(input, state) : real[N, 4]
        %5 = clip_gradient(%4) {"limit": 0.5} : real[N, 4]
        %6 = clip_gradient(%4) {"limit": 0.5} : real[N, 4]
        %7 = mul(%5, bias) : real[N, 4]
        %8 = add(%6, %7) : real[N, 4]
        output %8
        states %5""",
    "parts of parts of a parameter": """
        %4 = slice(weight) {"axis": 0, "start": 1, "stop": 4, "step": 1} : real[3, 4]
        %5 = slice(%4) {"axis": 0, "start": 0, "stop": 3, "step": 2} : real[2, 4]
        %6 = linear(state, %5) : real[N, 2]
        %7 = concat(%6, %6) {"axis": 0} : real[N, 4]
        output %7
        states %7""",
    "parts of parameters": """
        %4 = slice(weight) {"axis": 0, "start": 1, "stop": 4, "step": 2} : real[2, 4]
        %5 = slice(%4) {"axis": 1, "start": 1, "stop": 3, "step": 1} : real[2, 2]
        %6 = slice(state) {"axis": 0, "start": 0, "stop": 2, "step": 1} : real[N, 2]
        %7 = slice(bias) {"axis": 0, "start": 2, "stop": 4, "step": 1} : real[2]
        %8 = linear(%6, %5, %7) : real[N, 2]
        %9 = reshape(%4) {"shape": [8]} : real[8]
        %10 = slice(%9) {"axis": 0, "start": 3, "stop": 5, "step": 1} : real[2]
        %11 = mul(%8, %10) : real[N, 2]
        %12 = concat(%11, %7) {"axis": 0} : real[N, 4]
        output %12
        states %12""",
}


def graph_of(name: str) -> StepGraph:
    lines = GRAPHS[name].splitlines()
    arguments = [line for line in lines if any(f": {kind} " in line for kind in KINDS)]
    return parse_graph("\n".join([HEAD, *arguments, *(line for line in lines if line not in arguments)]))


@pytest.mark.parametrize("name", GRAPHS)
def test_gradients_of_a_graph_are_those_of_autograd(name: str):
    check(graph_of(name))
    check(graph_of(name), num_steps=1, num_rows=1)


def test_a_step_input_without_a_gradient_has_none():
    gradient = differentiate(graph_of("step inputs of rows, of steps, and boolean"))
    assert [part.gradient for part in gradient.sums] == ["dL/dscale", "dL/drate"]


def test_only_wanted_gradients_are_made():
    graph = graph_of("the output is not the state")
    gradient = differentiate(graph, ["bias"])
    assert gradient.products == ()
    assert [part.argument for part in gradient.sums] == [3]
    zeros = gradient.graph.nodes[gradient.graph.output - len(gradient.graph.arguments)]
    assert zeros.op == "broadcast"


def test_a_loss_on_the_last_state_alone_reads_no_gradient_of_the_output():
    graph = graph_of("the output is not the state")
    gradient = differentiate(graph, output_has_gradient=False)
    verify(gradient.graph)
    assert all(0 not in node.operands for node in gradient.graph.nodes)
    assert len(gradient.graph.nodes) < len(differentiate(graph).graph.nodes)
    arguments = random_arguments(graph, 3, 2)
    none, state = random_cotangents(graph, 3, 2)
    expected = by_autograd(graph, arguments, [torch.zeros_like(none), state], 3)
    _, steps = run_steps(graph, arguments, 3)
    ours = run_backward(graph, gradient, steps, torch.full_like(none, torch.nan), [state])
    made = [
        ours.input,
        *ours.states,
        *(ours.others[name] for name in ("weight", "bias")),
    ]
    assert_same(made, expected, 1e-12)


def test_only_what_a_formula_needs_is_read():
    graph = parse_graph(
        "input: input real[N, 4]\nstate: state real[N, 4]\nweight: parameter real[4, 4]\n"
        "%3 = linear(state, weight) : real[N, 4]\n%4 = add(input, %3) : real[N, 4]\n"
        "%5 = tanh(%4) : real[N, 4]\noutput %5\nstates %5\n"
    )
    gradient = differentiate(graph)
    assert gradient.reads == (5, 2)
    assert gradient.graph == parse_graph(
        "dL/doutput: input real[N, 4]\ndL/dstate: state real[N, 4]\n"
        "@5: step_input real[N, 4]\nweight: parameter real[4, 4]\n"
        "%4 = add(dL/doutput, dL/dstate) : real[N, 4]\n"
        "%5 = mul(@5, @5) : real[N, 4]\n"
        '%6 = constant() {"value": 1.0} : real[]\n'
        "%7 = sub(%6, %5) : real[N, 4]\n"
        "%8 = mul(%4, %7) : real[N, 4]\n"
        '%9 = transpose(weight) {"axes": [1, 0]} : real[4, 4]\n'
        "%10 = linear(%8, %9) : real[N, 4]\n"
        'output %8\nstates %10\nobserved "dL/d@3" %8\n'
    )


def test_a_clip_of_what_all_rows_share_is_refused():
    graph = parse_graph(
        "input: input real[N, 4]\nbias: parameter real[4]\n"
        '%2 = clip_gradient(bias) {"limit": 1.0} : real[4]\n'
        "%3 = add(input, %2) : real[N, 4]\noutput %3\nstates\n"
    )
    with pytest.raises(GraphError, match=r"^clip_gradient at %2 is put on a value that all rows share\.$"):
        differentiate(graph)
