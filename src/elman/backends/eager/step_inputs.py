"""What a cell asked for besides input and state, handed out one time step at a time."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

Draw = Callable[[int, int], Mapping[str, Tensor]]


class StepInputs(NamedTuple):
    """Tensors drawn before the loop.

    Attributes:
        moving: Those with a time axis, (T, N, ...) or (T,).
        fixed: Those that are the same at every step, (N, ...).
    """

    moving: Mapping[str, Tensor]
    fixed: Mapping[str, Tensor]

    def at(self, t: int, rows: Tensor | None) -> dict[str, Tensor]:
        """Return what the step at time t gets, by name.

        Args:
            t: The time step.
            rows: The rows that run; None for all.
        """
        parts = {**{name: tensor[t] for name, tensor in self.moving.items()}, **self.fixed}
        if rows is None:
            return parts
        return {name: part.index_select(0, rows) if part.dim() else part for name, part in parts.items()}


def draw_step_inputs(draw: Draw, num_steps: int, batch_size: int, like: Tensor) -> StepInputs | None:
    """Draw a cell's step inputs for a whole run; None if it wants none.

    Args:
        draw: The cell's `step_inputs`.
        num_steps: Number of time steps, T.
        batch_size: Number of sequences, N.
        like: Gives the device, and the dtype of what is floating point.
    """
    drawn = draw(num_steps, batch_size)
    if not drawn:
        return None
    shapes = {name: tensor.shape for name, tensor in drawn.items()}
    first = num_steps
    if num_steps == batch_size:  # then a shape alone does not tell which axis is time
        first = num_steps + 1
        with torch.random.fork_rng():
            shapes = {name: tensor.shape for name, tensor in draw(first, batch_size).items()}
    placed = {
        name: tensor.to(like) if tensor.is_floating_point() else tensor.to(like.device)
        for name, tensor in drawn.items()
    }
    moving = {name for name, shape in shapes.items() if shape[:1] == (first,)}
    return StepInputs(
        {name: tensor for name, tensor in placed.items() if name in moving},
        {name: tensor for name, tensor in placed.items() if name not in moving},
    )
