"""Which gates carry a state over a time step, read from what a cell computes and not from its names."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.backends.eager import draw_step_inputs
from elman.cells import Cell, clip_gradient, map_state
from elman.cells.state import state_tensors
from elman.diagnostics.noting import Noted, Noting

_NUM_ROWS = 2
_LEAST = 1e-6  # far above rounding, far below what a gate does


class _Holding(Noting):
    """Notes activations as `Noting` does, and holds them: gradients go past them alone."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run one call."""
        if func is clip_gradient:  # it would cap what is asked for here
            return args[0]
        return super().__torch_function__(func, types, args, kwargs)

    def add(self, result: Tensor, kind: str, name: str) -> Tensor:
        """Note a result, and go on with half: what gates do depends neither on weights nor on one another."""
        return super().add(_open_to_writes(torch.full_like(result, 0.5)), kind, name)


def retention(cell: Cell, like: Tensor, places: Sequence[int]) -> list[np.ndarray]:
    """Tell of each value inside a cell which of its units keep the state, and which replace it.

    With all activations held, what is left of ds_t/ds_{t-1} is the path past them: f of an LSTM, 1 - z of a
    gated unit that mixes, nothing of a plain one. Its slope by a gate is above 0 where the gate keeps.

    Equations:
        (1) r = ds_t/ds_{t-1} with every activation held at 0.5
        (2) retention = sign(dr/dg)

    Args:
        cell: Anything that computes a time step.
        like: A tensor with the dtype and device of its input.
        places: Which of the noted values are asked for.

    Shape:
        like: any.

    Returns:
        Of each value, for each unit, 1 where a large value keeps the state, -1 where it replaces it, 0 where
        it does neither.
    """
    with torch.enable_grad(), torch.random.fork_rng(devices=[]):
        noted, carried = _carry(cell, like)
        gates = [noted.values[place] for place in places]
        try:
            slopes = _slopes(carried, gates)
        except RuntimeError:  # an operation of the cell's own that can be differentiated once
            slopes = [None] * len(gates)
    return [_signs(gate, slope) for gate, slope in zip(gates, slopes, strict=True)]


def _carry(cell: Cell, like: Tensor) -> tuple[Noted, list[tuple[Tensor, Tensor]]]:
    """Run one step with all activations held; return them, and each tensor of the state before and after."""
    drawn = draw_step_inputs(cell.step_inputs, 2, _NUM_ROWS, like)
    steps = {} if drawn is None else drawn.at(0, None)
    fresh = cell.initial_state(_NUM_ROWS)
    before = map_state(lambda part: part.detach().to(like).requires_grad_(), fresh)
    with _Holding() as holding:
        state = map_state(torch.clone, before)
        _, new_state = cell(like.new_zeros(_NUM_ROWS, cell.input_size), state, **steps)
    return holding.noted, list(zip(state_tensors(before), state_tensors(new_state), strict=True))


def _open_to_writes(value: Tensor) -> Tensor:
    """Return what wants a gradient and may be written to in place, as a leaf may not."""
    return value.requires_grad_().clone()


def _slopes(carried: Sequence[tuple[Tensor, Tensor]], gates: Sequence[Tensor]) -> Sequence[Tensor | None]:
    paths = []
    for before, after in carried:
        if after.requires_grad:
            (path,) = torch.autograd.grad(after.sum(), before, create_graph=True, allow_unused=True)
            paths += [] if path is None or not path.requires_grad else [path.sum()]
    known = [place for place, gate in enumerate(gates) if gate.requires_grad]
    slopes: list[Tensor | None] = [None] * len(gates)
    if paths and known:
        total = torch.stack(paths).sum()
        found = torch.autograd.grad(total, [gates[place] for place in known], allow_unused=True)
        for place, slope in zip(known, found, strict=True):
            slopes[place] = slope
    return slopes


def _signs(gate: Tensor, slope: Tensor | None) -> np.ndarray:
    if slope is None:
        return np.zeros(gate[0].numel())
    mean = slope.detach().double().flatten(1).mean(dim=0).cpu().numpy()
    return np.where(np.abs(mean) > _LEAST, np.sign(mean), 0.0)
