"""Random cells: compiled, their numbers and gradients are those of the plain loop.

The bound is what the plain loop itself loses by rounding. A sum that is reordered rounds each of its steps
another way; so eager runs again, three times, with the result of every operation, forward and backward, moved
by up to eps. The compiler may differ by 8 times the largest move, and by 8 eps of the largest value where
nothing moves.
"""

from typing import Any

import pytest
import torch
from axes_cells import AxesCell
from comparing import error, run_all, size
from hypothesis import given, settings
from random_cells import INPUT_SIZE, Plan, RandomCell, plans  # pyright: ignore[reportMissingImports]
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from elman.cells import Cell, map_state
from elman.errors import GraphError

EPS = torch.finfo(torch.float64).eps
SHAPES: list[tuple[int, int, dict[str, Any]]] = [
    (1, 1, {}),
    (4, 3, {"resets": torch.tensor([[False] * 3, [True, False, True], [False] * 3, [False, True, False]])}),
    (9, 5, {"lengths": torch.tensor([9, 1, 4, 9, 7]), "reverse": True}),
]


# These choose or move numbers; the gradient of an extreme asks which number it equals.
EXACT = (
    "amax amin maximum minimum max min where clone copy cat stack index_select index_copy relu clamp neg abs"
)


class RoundingMode(TorchDispatchMode):
    """Moves the result of every operation by up to its last bit."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        is_exact = func._schema.name.removeprefix("aten::") in EXACT.split()
        is_exact |= any(each.alias_info for each in func._schema.returns)  # a view
        if is_exact or not isinstance(result, Tensor) or not result.is_floating_point():
            return result
        return result * (1 + EPS * (2 * torch.rand_like(result) - 1))


def check(cell: Cell) -> None:
    for num_steps, batch_size, options in SHAPES:
        input = torch.randn(num_steps, batch_size, INPUT_SIZE, dtype=torch.float64)
        state = map_state(torch.randn_like, cell.initial_state(batch_size))
        found = run_all(cell, input, state, "llvm", **options)
        truth = run_all(cell, input, state, "eager", **options)
        with RoundingMode():
            others = [run_all(cell, input, state, "eager", **options) for _ in range(3)]
        for name, expected in truth.items():
            move = max(error(other[name], expected) for other in others)
            bound = 8 * max(move, EPS * size(expected))
            assert error(found[name], expected) <= bound, f"{name}: {error(found[name], expected)}, {bound}"


def check_plan(plan: Plan) -> None:
    torch.manual_seed(0)
    check(RandomCell(plan).double())


REFUSALS = ("depends on parameters alone", "does not lie side by side")


def check_seed(seed: int) -> None:
    """A cell may be refused, where a parameter or its gradient would have to be laid out anew."""
    torch.manual_seed(seed)
    cell = AxesCell(seed).double()
    try:
        check(cell)
    except GraphError as refusal:
        if not any(reason in str(refusal) for reason in REFUSALS):
            raise


@settings(max_examples=40)
@given(plan=plans())
def test_a_random_cell_computes_the_same_compiled(plan: Plan):
    check_plan(plan)


@pytest.mark.long
@settings(max_examples=500)
@given(plan=plans())
def test_many_random_cells_compute_the_same_compiled(plan: Plan):
    check_plan(plan)


@pytest.mark.parametrize("seed", range(25))
def test_a_random_cell_of_two_axes_computes_the_same_compiled(seed: int):
    check_seed(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(25, 500))
def test_many_random_cells_of_two_axes_compute_the_same_compiled(seed: int):
    check_seed(seed)
