"""Compiled cells whose units share gates, or hear their own head alone, are the plain loop."""

from collections.abc import Callable

import pytest
import torch
from comparing import compare

from elman.cells import Cell, LSTMBlockCell, SLSTMCell
from elman.layers import Recurrent

MAKERS: dict[str, Callable[[], Cell]] = {
    "four cells in a block": lambda: LSTMBlockCell(3, 64, cells_per_block=4),
    "one block of five": lambda: LSTMBlockCell(3, 5, cells_per_block=5),
    "four heads": lambda: SLSTMCell(3, 64, num_heads=4),
    "a head for each unit": lambda: SLSTMCell(3, 5, num_heads=5, forget_gate="exp"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_blocks_compile(name: str):
    explanation = Recurrent(MAKERS[name]()).explain()
    assert explanation.startswith("llvm"), explanation


@pytest.mark.parametrize(
    ("dtype", "num_steps", "batch_size"), [(torch.float64, 63, 7), (torch.float32, 2, 1)]
)
@pytest.mark.parametrize("name", MAKERS)
def test_blocks_are_the_plain_loop(name: str, dtype: torch.dtype, num_steps: int, batch_size: int):
    compare(MAKERS[name], dtype, num_steps, batch_size)
