"""Random cells through every pass: numbers and gradients stay those of the recorded graph."""

import pytest
import torch
from gradients import assert_same, by_autograd, by_passes, prepared, random_arguments, random_cotangents
from hypothesis import given, settings
from random_cells import Plan, RandomCell, plans  # pyright: ignore[reportMissingImports]

from elman.backends.reference import run_steps
from elman.trace import record


def check(plan: Plan) -> None:
    torch.manual_seed(0)
    graph = record(RandomCell(plan).double()).graph
    ours = prepared(graph)
    for num_steps, num_rows in ((1, 1), (3, 2)):
        arguments = random_arguments(graph, num_steps, num_rows)
        results, _ = run_steps(graph, arguments, num_steps)
        our_results, _ = run_steps(ours, arguments, num_steps)
        for result, expected in zip(our_results, results, strict=True):
            torch.testing.assert_close(result, expected, rtol=1e-11, atol=1e-12)
        cotangents = random_cotangents(graph, num_steps, num_rows)
        expected = by_autograd(graph, arguments, cotangents, num_steps)
        # A random cell may stretch what is rounded: more than a tame one's 1e-12.
        assert_same(by_passes(ours, arguments, cotangents, num_steps), expected, 1e-9)


@settings(max_examples=40)
@given(plan=plans())
def test_a_random_cell_keeps_its_numbers_and_gradients(plan: Plan):
    check(plan)


@pytest.mark.long
@settings(max_examples=500)
@given(plan=plans())
def test_many_random_cells_keep_their_numbers_and_gradients(plan: Plan):
    check(plan)
