"""Every cell that elman brings compiles without a warning, and gives the numbers of the plain loop."""

import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from comparing import compare

from elman.cells import ALL_CELLS, Cell
from elman.layers import Recurrent

sys.path.append(str(Path(__file__).parents[1] / "cells"))
from cell_options import CASES  # pyright: ignore[reportMissingImports]

# Why a cell of the house runs as a plain loop; every other one compiles.
EAGER: dict[str, str] = {}
SHAPES = [(1, 7, 1), (2, 1, 64), (63, 7, 5)]


def make(name: str, options: dict[str, Any], hidden_size: int) -> Cell:
    return ALL_CELLS[name](3, hidden_size, **options)


def check(name: str, options: dict[str, Any], dtype: torch.dtype, shape: tuple[int, int, int]) -> None:
    num_steps, batch_size, hidden_size = shape
    compare(lambda: make(name, options, hidden_size), dtype, num_steps, batch_size)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_cell_compiles(name: str, options: dict[str, Any]):
    explanation = Recurrent(make(name, options, 8)).explain()
    assert explanation.startswith("eager" if name in EAGER else "llvm"), explanation


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] not in EAGER])
def test_a_compiled_cell_is_the_plain_loop(name: str, options: dict[str, Any]):
    for number, shape in enumerate(SHAPES):
        check(name, options, (torch.float64, torch.float32)[number % 2], shape)


@pytest.mark.long
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] not in EAGER])
def test_a_compiled_cell_is_the_plain_loop_at_all_shapes(
    name: str, options: dict[str, Any], dtype: torch.dtype
):
    for shape in product((1, 2, 63), (1, 7), (1, 5, 64)):
        check(name, options, dtype, shape)
