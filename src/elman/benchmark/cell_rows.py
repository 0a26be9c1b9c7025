"""Traced cells beside the eager loop over the same cell."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial

import torch

from elman.backends.eager import run_loop
from elman.benchmark.agreement import has_kinks
from elman.benchmark.kinds import backend_of
from elman.benchmark.measure import Pairing, draw, in_float64, measure_pairing
from elman.benchmark.results import Row
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import Shape
from elman.benchmark.user_cells import USER_CELLS
from elman.benchmark.work import Work, make_task, work_of
from elman.cells import ALL_CELLS, Cell
from elman.layers import Recurrent

# The other cells of the house are timed by benchmarks/cells.py, at one shape.
CELLS = {ALL_CELLS[key].__name__: ALL_CELLS[key] for key in ("elman", "lstm", "gru")} | USER_CELLS


def cell_rows(settings: BenchmarkSettings) -> Iterator[Row]:
    """Yield a row of training for each cell and shape.

    Args:
        settings: Which shapes.
    """
    for name, cell_class in CELLS.items():
        for shape in settings.cell_shapes:
            pairing = pair_loops(cell_class, shape, settings)
            yield measure_pairing(pairing, "cells", name, shape, "train", settings)


def pair_loops(cell_class: type[Cell], shape: Shape, settings: BenchmarkSettings) -> Pairing:
    """Put whatever runs a cell beside the eager loop over a copy of it.

    Args:
        cell_class: The cell, with its default options.
        shape: Its sizes.
        settings: Name the further peers.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        cell = cell_class(shape.input_size, shape.hidden_size)
    eager = Recurrent(copy.deepcopy(cell), backend="eager")
    ours = Recurrent(cell)
    # Random step inputs are drawn in the dtype of the cell: in float64 they would be other ones.
    draws = bool(cell.step_inputs(1, 1))
    return Pairing(
        work_of("eager", eager),
        work_of("elman", ours),
        None if draws else in_float64(partial(work_of, "float64"), eager),
        has_kinks(cell),
        partial(backend_of, ours),
        {} if draws or "torch.compile" not in settings.peers else {"torch.compile": _compiled(cell, shape)},
    )


def _compiled(cell: Cell, shape: Shape) -> Callable[[], object]:
    """Return a training step of the plain loop over a compiled time step; its compiling is not timed."""
    own = copy.deepcopy(cell)
    step = torch.compile(own)

    def run(input: torch.Tensor) -> tuple[torch.Tensor, object]:
        return run_loop(step, input, own.initial_state(input.shape[1]))

    work = Work("torch.compile", run, dict(own.named_parameters()))
    return make_task(work, "train", *draw(shape, work))
