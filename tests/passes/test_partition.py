"""What depends on no state is computed for all steps at once; the numbers stay."""

from collections.abc import Sequence

import pytest
import torch
from gradients import prepared, random_arguments
from hypothesis import given, settings
from random_cells import Plan, RandomCell, plans  # pyright: ignore[reportMissingImports]
from torch import Tensor
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.backends.reference import StepResult, run, run_steps
from elman.cells import ALL_CELLS
from elman.ir import Partition, StepGraph, parse_graph, verify
from elman.passes import partition
from elman.trace import record

CELLS = {**USER_CELLS, **ALL_CELLS}


def run_partition(
    parts: Partition, graph: StepGraph, arguments: Sequence[Tensor], num_steps: int
) -> list[StepResult]:
    """Run what stands before the loop on all steps as one batch, then the loop."""
    by_name = {argument.name: tensor for argument, tensor in zip(graph.arguments, arguments, strict=True)}
    all_rows = [
        tensor if argument.kind == "parameter" else tensor.flatten(0, 1)
        for argument, tensor in ((of, by_name[of.name]) for of in parts.before.arguments)
    ]
    observed = run(parts.before, all_rows).observed
    by_name |= {name: value.unflatten(0, (num_steps, -1)) for name, value in observed.items()}
    results, _ = run_steps(parts.loop, [by_name[of.name] for of in parts.loop.arguments], num_steps)
    return results


def check(graph: StepGraph) -> Partition:
    parts = partition(graph)
    verify(parts.before)
    verify(parts.loop)
    for num_steps, num_rows in ((1, 1), (3, 2)):
        arguments = random_arguments(graph, num_steps, num_rows)
        expected, _ = run_steps(graph, arguments, num_steps)
        ours = run_partition(parts, graph, arguments, num_steps)
        for mine, theirs in zip(ours, expected, strict=True):
            # A product of more rows at once may be rounded in another order.
            torch.testing.assert_close(mine, theirs, rtol=1e-11, atol=1e-12)
    return parts


@pytest.mark.parametrize("name", CELLS)
def test_numbers_stay_and_no_product_of_the_input_is_left_in_the_loop(name: str):
    parts = check(prepared(record(CELLS[name](4, 6).double()).graph))
    (input,) = parts.loop.of_kind("input")
    assert not any(input in node.operands for node in parts.loop.nodes if node.op == "linear")
    assert parts.crossing
    assert {argument.name for argument in parts.loop.arguments} >= set(parts.crossing)


@settings(max_examples=40)
@given(plan=plans())
def test_a_random_cell_keeps_its_numbers(plan: Plan):
    torch.manual_seed(0)
    check(prepared(record(RandomCell(plan).double()).graph))


HEAD = "input: input real[N, 4]\nstate: state real[N, 4]\nweight: parameter real[4, 4]\n"
TEXT = f"""{HEAD}\
%3 = slice(weight) {{"axis": 0, "start": 0, "stop": 4, "step": 2}} : real[2, 4]
%4 = linear(input, weight) : real[N, 4]
%5 = tanh(%4) : real[N, 4]
%6 = linear(state, %3) : real[N, 2]
%7 = sum(%6) {{"axes": [0]}} : real[N]
%8 = mul(%5, %7) : real[N, 4]
%9 = mul(%8, input) : real[N, 4]
output %5
states %9
observed "early" %4
"""


def test_only_what_is_read_crosses():
    parts = check(parse_graph(TEXT))
    assert parts.crossing == ("@4", "@5")
    assert [node.op for node in parts.before.nodes] == ["linear", "tanh"]
    assert [node.op for node in parts.loop.nodes] == ["slice", "linear", "sum", "mul", "mul"]
    assert parts.loop.observed == (("early", 3),)


def test_without_an_input_nothing_goes_before():
    graph = parse_graph(f"{HEAD}%3 = linear(state, weight) : real[N, 4]\noutput %3\nstates %3\n")
    parts = check(graph)
    assert parts.loop == graph
    assert parts.crossing == ()
    assert parts.before.nodes == ()


def test_what_all_rows_share_at_one_step_stays_in_the_loop():
    graph = parse_graph(
        f"{HEAD}time: step_input real[]\nmask: step_input real[N, 4]\n"
        "%5 = mul(input, time) : real[N, 4]\n%6 = mul(input, mask) : real[N, 4]\n"
        "%7 = add(%5, %6) : real[N, 4]\noutput %7\nstates state\n"
    )
    parts = partition(graph)
    assert parts.crossing == ("@6",)
    assert [node.op for node in parts.loop.nodes] == ["mul", "add"]
