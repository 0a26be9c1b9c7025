"""Whether a recording says what the cell does: both are run on the same numbers."""

import torch
from torch import Tensor

from elman.backends.reference import run
from elman.cells import Cell, map_state
from elman.cells.buffers import keep_buffers
from elman.cells.state import state_tensors
from elman.errors import TraceError
from elman.trace import Recording

NUM_ROWS = 3
TOLERANCE = 1e-3  # a wrong graph is wrong by much; another order of a sum is not


def check_recording(cell: Cell, recording: Recording) -> None:
    """Refuse a recording that gives other numbers than `cell.forward`.

    Args:
        cell: The cell; random number generators are left as they were.
        recording: Its recording.

    Raises:
        TraceError: A number differs, by a bit where the recording says that it is exact.
    """
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        parameters = recording.parameters(cell)
        if any(parameter.is_meta for parameter in parameters):
            return
        input = torch.randn(NUM_ROWS, cell.input_size, dtype=recording.dtype)
        state = map_state(lambda part: torch.randn_like(part.to(input)), cell.initial_state(NUM_ROWS))
        steps = _step_inputs(cell, recording)
        output, new_state = cell(input, state, **steps)
        queues = {"input": [input], "state": [*state_tensors(state)], "parameter": [*parameters]}
        arguments = [
            steps[argument.name] if argument.kind == "step_input" else queues[argument.kind].pop(0)
            for argument in recording.graph.arguments
        ]
        result = run(recording.graph, arguments)
    pairs = zip((result.output, *result.new_states), (output, *state_tensors(new_state)), strict=True)
    if not all(_agree(*pair, recording.is_exact) for pair in pairs):
        raise TraceError(
            f"{type(cell).__name__}.forward gives other numbers each time, or computes what cannot be seen."
            '\n    Run this cell uncompiled: Recurrent(cell, backend="eager").'
        )


def _step_inputs(cell: Cell, recording: Recording) -> dict[str, Tensor]:
    """Return what the first step gets; which axis is time shows in the recorded types."""
    graph = recording.graph
    types = {graph.arguments[n].name: graph.arguments[n].type for n in graph.of_kind("step_input")}
    with keep_buffers(cell):
        drawn = cell.step_inputs(NUM_ROWS + 1, NUM_ROWS)
    steps = {}
    for name, tensor in drawn.items():
        if name in types:
            rank = len(types[name].shape) + types[name].per_row
            part = tensor[0] if tensor.dim() > rank else tensor
            steps[name] = part.to(recording.dtype) if part.is_floating_point() else part
        else:
            steps[name] = tensor[0] if tensor.shape[:1] == (NUM_ROWS + 1,) else tensor
    return steps


def _agree(left: Tensor, right: Tensor, is_exact: bool) -> bool:
    if is_exact:
        return torch.equal(torch.nan_to_num(left), torch.nan_to_num(right))
    return torch.allclose(left, right.to(left), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
