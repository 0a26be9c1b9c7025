"""What all wrappers share: they are cells, and hand on what the cell inside asks for."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import brief, check_number, what_came
from elman.errors import DtypeError, OptionError

PREFIX = "cell."  # of the names of the step inputs of the cell inside, as of its parameters


class Wrapper(Cell):
    """A cell that holds another one.

    Derive from it and write `forward`; `draw` declares what it needs besides. Wrappers nest: the step inputs
    of the cell inside come under their names with `cell.` before them, so that no two are the same.

    Args:
        cell: What is wrapped; its sizes, states and parameters stay what they are.

    Raises:
        DtypeError: `cell` is not a `Cell`.

    Example:
        >>> from elman.cells import GRUCell
        >>> class Halved(Wrapper):
        ...     def forward(self, input, state, **steps):
        ...         output, state = self.cell(input, state, **self.inner(steps))
        ...         return output / 2, state
        >>> Halved(GRUCell(3, 5)).output_size
        5
    """

    def __init__(self, cell: Cell):
        if not isinstance(cell, Cell):
            raise DtypeError(f"`cell` must be an elman.Cell, but it is {what_came(cell)}.")
        super().__init__(cell.input_size, cell.hidden_size)
        self.output_size = cell.output_size
        self.cell = cell

    @abstractmethod
    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step.

        Args:
            input: The input at this time step.
            state: The state after the step before.
            **steps: This time step's part of what `step_inputs` returned.

        Shape:
            input: (N, I). output: (N, output_size). state: as `initial_state(N)`.
        """

    def draw(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:  # noqa: ARG002
        """Return the wrapper's own step inputs, as `Cell.step_inputs` does. None by default.

        Args:
            num_steps: Number of time steps, T.
            batch_size: Number of sequences, N.
        """
        return {}

    def inner(self, steps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what of the step inputs is for the cell inside, under the names it knows.

        Args:
            steps: As `forward` gets them.
        """
        return {name.removeprefix(PREFIX): part for name, part in steps.items() if name.startswith(PREFIX)}

    def initial_state(self, batch_size: int) -> Any:
        """Return the fresh state of the cell inside, for `batch_size` sequences."""
        return self.cell.initial_state(batch_size)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        """Return what `draw` returns, and what the cell inside asks for.

        Args:
            num_steps: Number of time steps, T.
            batch_size: Number of sequences, N.
        """
        own = self.draw(num_steps, batch_size)
        inside = self.cell.step_inputs(num_steps, batch_size)
        return own | {f"{PREFIX}{name}": tensor for name, tensor in inside.items()}

    def extra_repr(self) -> str:
        """Name the options that differ from their defaults; the cell inside names its sizes."""
        return ", ".join(self._changed_options())


def check_probability(name: str, value: float) -> None:
    """Refuse a `value` that is not a probability below 1; at 1 nothing would be left."""
    check_number(name, value)
    if not 0 <= value < 1:
        raise OptionError(f"`{name}` must be 0 or more and below 1, but it is {brief(value)}.")
