"""A cell whose every new state can be pushed, to see what the push does to a loss."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.backends.eager import StepInputs
from elman.cells import Cell
from elman.cells.state import State, map_state, state_tensors
from elman.diagnostics.runs import lengths_of, numbered
from elman.diagnostics.state_names import state_names
from elman.diagnostics.twin import Twin, listening
from elman.layers import Recurrent

PREFIX = "probe_"


class Drawn:
    """The probes that a cell handed out, in order; each is one dict of tensors (T, N, ...)."""

    def __init__(self) -> None:
        self.probes: list[dict[str, Tensor]] = []


class Probe(Cell):
    """A cell that adds a step input to each tensor of its new state: zeros that want a gradient.

    The gradient of a loss by the probe at time t is its total derivative by the state that is handed from
    step t to step t + 1, and by the output where that is the state itself.

    Equations:
        (1) y_t, s_t = cell(x_t, s_{t-1} + p_{t-1})

    Args:
        cell: The cell inside.
    """

    def __init__(self, cell: Cell):
        super().__init__(cell.input_size, cell.hidden_size)
        self.cell = cell
        self.output_size = cell.output_size
        self.drawn = Drawn()
        self.train(cell.training)

    def initial_state(self, batch_size: int) -> Any:
        """Return the fresh state of the cell inside."""
        return self.cell.initial_state(batch_size)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        """Return those of the cell inside, and the probes."""
        probes = make_probes(self.initial_state(batch_size), num_steps)
        self.drawn.probes.append(probes)
        return {**self.cell.step_inputs(num_steps, batch_size), **probes}

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        probes = iter([tensor for name, tensor in steps.items() if name.startswith(PREFIX)])
        inner = {name: tensor for name, tensor in steps.items() if not name.startswith(PREFIX)}
        output: Tensor
        output, new_state = self.cell(input, state, **inner)
        pushed: dict[int, Tensor] = {}

        def push(part: Tensor) -> Tensor:
            pushed[id(part)] = part + next(probes)
            return pushed[id(part)]

        moved = map_state(push, new_state)
        return pushed.get(id(output), output), moved


def make_probes(state: State, num_steps: int) -> dict[str, Tensor]:
    """Return zeros that want a gradient, (T, N, ...), one for each tensor of a state.

    Args:
        state: Says how many rows and features there are.
        num_steps: Number of time steps, T.
    """
    return {
        f"{PREFIX}{place}": part.new_zeros(num_steps, *part.shape).requires_grad_()
        for place, part in enumerate(state_tensors(state))
    }


def with_probes(steps: StepInputs | None, probes: dict[str, Tensor]) -> StepInputs:
    """Add probes to what a cell has drawn.

    Args:
        steps: What the cell inside has drawn; None for nothing.
        probes: As `make_probes` returns them.
    """
    if steps is None:
        return StepInputs(probes, {})
    return StepInputs({**steps.moving, **probes}, steps.fixed)


def norms(gradient: Tensor | None, like: Tensor) -> Tensor:
    """Return the Euclidean norm over the features at each step of each sequence, (T, N), in float64.

    Args:
        gradient: (T, N, ...); None where no loss reaches.
        like: A tensor of that shape.
    """
    if gradient is None:
        return torch.zeros(like.shape[:2], dtype=torch.float64)
    return gradient.detach().double().flatten(2).norm(dim=2)


@dataclass(frozen=True)
class ProbedCall:
    """One call of a layer whose cell is a probe.

    Args:
        layer: The path to the layer.
        states: Names of the tensors of its state.
        probes: What was added to each, (T, N, ...).
        lengths: Number of time steps of each sequence, (N,).
        is_reverse: Whether the layer reads from the end.
    """

    layer: str
    states: list[str]
    probes: list[Tensor]
    lengths: np.ndarray
    is_reverse: bool


@contextmanager
def noted_calls(twin: Twin) -> Iterator[list[ProbedCall]]:
    """List the calls of a twin's layers, whose cells are probes, for a while.

    Args:
        twin: The network's copy.
    """
    calls: list[ProbedCall] = []
    with listening(twin.layers, partial(_note, calls), _forget):
        yield calls


def _forget(layer: Recurrent) -> None:
    _probe_of(layer).drawn.probes.clear()


def _note(calls: list[ProbedCall], name: str, layer: Recurrent, given: dict[str, Any]) -> None:
    drawn = _probe_of(layer).drawn.probes[0]  # what comes after it were questions of the compiler
    probes = list(drawn.values())
    num_steps, batch_size = probes[0].shape[:2]
    calls.append(
        ProbedCall(
            numbered(name, [one.layer for one in calls]),
            state_names(_probe_of(layer).cell, layer.initial_state(1)),
            probes,
            lengths_of(layer, given["input"], given.get("lengths"), num_steps, batch_size),
            layer.reverse,
        )
    )


def _probe_of(layer: Recurrent) -> Probe:
    assert isinstance(layer.cell, Probe)
    return layer.cell
