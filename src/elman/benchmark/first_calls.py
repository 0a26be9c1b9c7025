"""How long a person waits for the first result of a new cell."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from elman.benchmark.agreement import has_kinks
from elman.benchmark.fresh_process import call_in_fresh_process
from elman.benchmark.kinds import backend_of
from elman.benchmark.measure import Pairing, draw, find_fault, in_float64
from elman.benchmark.results import Row
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import FOR_FIRST_CALLS, Shape
from elman.benchmark.user_cells import USER_CELLS
from elman.benchmark.work import work_of
from elman.cells import Cell, map_state
from elman.layers import Recurrent


class NewCell(Cell):
    """A cell that no cache knows: the state of another, scaled by a number drawn just now.

    Args:
        cell: The other.
    """

    def __init__(self, cell: Cell):
        super().__init__(cell.input_size, cell.hidden_size)
        self.cell = cell
        self.output_size = cell.output_size
        self.scale = 1 - random.random() / 1000  # noqa: S311

    def forward(self, input: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Compute one time step."""
        return self.cell(input, map_state(lambda part: self.scale * part, state))

    def initial_state(self, batch_size: int) -> Any:
        """Return that of the other."""
        return self.cell.initial_state(batch_size)


def first_call_rows(settings: BenchmarkSettings) -> Iterator[Row]:
    """Yield a row for each of the first cells of `USER_CELLS`, each in a fresh process.

    Args:
        settings: How many.
    """
    for name in list(USER_CELLS)[: settings.num_first_calls]:
        arguments = (name, FOR_FIRST_CALLS, torch.get_num_threads())
        result = call_in_fresh_process(__name__, "time_first_call", *arguments)
        if result["red"]:
            yield Row(
                "first-call", name, FOR_FIRST_CALLS, "s", {}, None, result["backend"], red=result["red"]
            )
            continue
        values = {"first output": result["output"], "first training step": result["step"]}
        yield Row("first-call", name, FOR_FIRST_CALLS, "s", values, result["step"], result["backend"])


def time_first_call(name: str, shape: list[int], threads: int) -> dict[str, Any]:
    """Time the first call of a new cell until its output is there, and until its gradients are.

    Args:
        name: Of a cell in `USER_CELLS`.
        shape: T, N, I, H.
        threads: Of torch.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    sizes = Shape(*shape)
    _start_torch()
    cell = NewCell(USER_CELLS[name](sizes.input_size, sizes.hidden_size))
    layer, eager = Recurrent(cell), Recurrent(copy.deepcopy(cell), backend="eager")
    input = torch.randn(sizes[:3])
    begin = time.perf_counter()
    output, _ = layer(input)
    forward = time.perf_counter() - begin
    output.sum().backward()
    step = time.perf_counter() - begin
    reference = in_float64(partial(work_of, "float64"), eager)
    pairing = Pairing(work_of("eager", eager), work_of("elman", layer), reference, has_kinks(cell.cell), str)
    red = find_fault(pairing, "train", *draw(sizes, pairing.ours))
    return {"output": forward, "step": step, "backend": backend_of(layer), "red": red}


def _start_torch() -> None:
    """Let torch start its threads and its libraries, which is no part of compiling a cell."""
    weight = torch.randn(64, 64, requires_grad=True)
    torch.tanh(torch.randn(64, 64) @ weight).sum().backward()
