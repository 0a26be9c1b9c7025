"""A cell whose output also tells what happens inside: gates, activations, the new state."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.backends.eager import draw_step_inputs
from elman.cells import Cell
from elman.cells.state import map_state, state_tensors
from elman.diagnostics.noting import Noted, Noting


@dataclass(frozen=True)
class Inside:
    """One value inside a time step.

    Args:
        name: The name it was observed under, or has in the source; the activation's where it has none.
        kind: As for `Activity`.
        width: Number of features.
        place: Which of the values noted it is.
    """

    name: str
    kind: str
    width: int
    place: int


class Observed(Cell):
    """A cell that puts what happens inside it behind its output.

    Equations:
        (1) y_t, s_t = cell(x_t, s_{t-1})
        returns [y_t; s_t; values inside], s_t

    Args:
        cell: The cell inside.
        like: A tensor with the dtype and device of its input.

    Attributes:
        inside: What happens inside, in order.
    """

    def __init__(self, cell: Cell, like: Tensor):
        super().__init__(cell.input_size, cell.hidden_size)
        self.cell = cell
        self.train(cell.training)
        self.inside = tuple(_look_inside(cell, like))
        self.state_width = sum(part.numel() for part in state_tensors(cell.initial_state(1)))
        self.output_size = cell.output_size + self.state_width + sum(one.width for one in self.inside)

    def initial_state(self, batch_size: int) -> Any:
        """Return the fresh state of the cell inside."""
        return self.cell.initial_state(batch_size)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        """Return those of the cell inside."""
        return self.cell.step_inputs(num_steps, batch_size)

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        with Noting() as noting:
            output, new_state = self.cell(input, state, **steps)
        values = [noting.noted.values[one.place] for one in self.inside]
        parts = [output, *state_tensors(new_state), *values]
        return torch.cat([part.flatten(1) for part in parts], dim=1), new_state

    def split(self, output: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Cut the outputs of a run, (T, N, ...), into the states and the values inside."""
        widths = [self.cell.output_size, self.state_width, *(one.width for one in self.inside)]
        _, states, *values = output.split(widths, dim=-1)
        return states, values


def _look_inside(cell: Cell, like: Tensor) -> Iterator[Inside]:
    """Run one step on 5 rows and one on 7; what follows the number of rows is worth looking at."""
    few, many = (_note_values(cell, like, num_rows) for num_rows in (5, 7))
    names: list[str] = []
    for place, (value, other) in enumerate(zip(few.values, many.values, strict=False)):
        if value.dim() > 1 and len(value) == 5 and len(other) == 7 and value.is_floating_point():
            plain = few.names[place]
            names.append(plain)
            count = names.count(plain)
            name = plain if count == 1 else f"{plain} {count}"
            yield Inside(name, few.kinds[place], value[0].numel(), place)


def _note_values(cell: Cell, like: Tensor, num_rows: int) -> Noted:
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        drawn = draw_step_inputs(cell.step_inputs, 2, num_rows, like)
        steps = {} if drawn is None else drawn.at(0, None)
        state = map_state(lambda part: part.to(like), cell.initial_state(num_rows))
        with Noting() as noting:
            cell(like.new_zeros(num_rows, cell.input_size), state, **steps)
    return noting.noted
