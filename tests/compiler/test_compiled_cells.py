"""Cells as users write them: outputs, final states and every gradient, compiled against the plain loop."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from comparing import compare
from torch import nn
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.cells import Cell
from elman.compiler import compiled_for

INPUT_SIZE = 3
STEPS, BATCHES, WIDTHS = (1, 2, 63), (1, 7), (1, 5, 64)
DTYPES = (torch.float32, torch.float64)
SHAPES = [*product(STEPS, BATCHES, WIDTHS)]
# Each cell runs at three of the eighteen shapes: every T and every H once, both N; two in float32,
# one in float64. Neighbours in the list, which are one cell in several styles, take other ones.
TRIPLES = [
    [(STEPS[k], BATCHES[(k + turn) % 2], WIDTHS[(k + turn) % 3]) for k in range(3)] for turn in range(6)
]
COVER = [
    (name, DTYPES[(place + number) % 3 == 0], *shape)
    for number, name in enumerate(USER_CELLS)
    for place, shape in enumerate(TRIPLES[number % 6])
]
# One number less its mean is zero, two are +1 and -1: all that is compared of their gradients is rounding.
NORMALISES_ONE = {("LayerNormGRUGates", 1)}


def maker(name: str, hidden_size: int) -> Callable[[], Cell]:
    def make() -> Cell:
        cell = USER_CELLS[name](INPUT_SIZE, hidden_size)
        for module in cell.modules():
            if isinstance(module, nn.LayerNorm | nn.RMSNorm | nn.GroupNorm):
                # With a gain of 1 a normalised cell is chaotic, and errors of two orders of a sum are unlike.
                nn.init.constant_(module.weight, 0.5)
        return cell

    return make


def check(name: str, dtype: torch.dtype, num_steps: int, batch_size: int, hidden_size: int) -> None:
    if (name, hidden_size) in NORMALISES_ONE:
        hidden_size = 3
    compare(maker(name, hidden_size), dtype, num_steps, batch_size)


@pytest.mark.parametrize(("name", "dtype", "num_steps", "batch_size", "hidden_size"), COVER)
def test_cells_of_users(name: str, dtype: torch.dtype, num_steps: int, batch_size: int, hidden_size: int):
    check(name, dtype, num_steps, batch_size, hidden_size)


@pytest.mark.long
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", USER_CELLS)
def test_cells_of_users_at_all_shapes(name: str, dtype: torch.dtype):
    for shape in SHAPES:
        check(name, dtype, *shape)


AVX2 = ["ElmanCat-tanh", "LSTMLinear", "GRUBeforeCat", "LayerNormGRULinear", "SLSTMHeads", "LRULinear"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", AVX2)
def test_cells_of_users_compiled_for_avx2(name: str, dtype: torch.dtype):
    with compiled_for("haswell"):
        check(name, dtype, 5, 7, 13)


@pytest.mark.long
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", USER_CELLS)
def test_all_cells_of_users_compiled_for_avx2(name: str, dtype: torch.dtype):
    with compiled_for("haswell"):
        for num_steps, batch_size, hidden_size in ((1, 1, 1), (2, 7, 5), (63, 7, 64)):
            check(name, dtype, num_steps, batch_size, hidden_size)
