"""The contract of a cell: one time step of a recurrent network."""

import inspect
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.options import check_size


class Cell(nn.Module, ABC):
    """One time step of a recurrent network, written as its equation in plain PyTorch.

    Derive from it, create the parameters after `super().__init__(input_size, hidden_size)`, and write
    `forward`; `elman.Recurrent` runs the cell over sequences. A cell treats the rows of a batch
    independently and does the same computation at every time step.

    A cell whose state is not one tensor of shape (N, H) also writes `initial_state`; one whose output has
    another width than H sets `output_size`.

    Args:
        input_size: Number of features of the input at one time step, I.
        hidden_size: Number of hidden units, H.

    Raises:
        OptionError: A size is not a positive integer.

    Example:
        >>> class LeakySum(Cell):
        ...     def forward(self, input, state):
        ...         state = 0.5 * state + input
        ...         return state, state
        >>> cell = LeakySum(input_size=1, hidden_size=1)
        >>> output, state = cell(torch.ones(2, 1), cell.initial_state(batch_size=2))
        >>> output
        tensor([[1.],
                [1.]])
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = hidden_size

    @abstractmethod
    def forward(self, input: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Compute one time step.

        Args:
            input: The input at this time step.
            state: The state after the step before.

        Shape:
            input: (N, I). output: (N, output_size). state: as `initial_state(N)`.

        Returns:
            The output, and the new state in the structure of the old one.
        """

    def initial_state(self, batch_size: int) -> Any:
        """Return the fresh state of `batch_size` sequences: zeros of shape (N, H)."""
        return self.zeros(batch_size, self.hidden_size)

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:  # noqa: ARG002
        """Return what `forward` needs besides input and state, under the names of its arguments.

        Drawn once, before the loop: random masks, zoneout, the time index. None by default. It may be asked
        more often to learn the shapes; random generators and buffers are then put back.

        Args:
            num_steps: Number of time steps, T.
            batch_size: Number of sequences, N.

        Shape:
            Each tensor: (T, N, ...), or (N, ...) for the same at each step, or (T,) for one number a step.
            `forward` gets the time step's part, without the axis T.
        """
        return {}

    def zeros(self, *shape: int) -> Tensor:
        """Return zeros with the dtype and device of the cell's parameters."""
        example = first_parameter(self)
        return torch.zeros(shape) if example is None else example.new_zeros(shape)

    def reset_parameters(self) -> None:
        """Draw the parameters of every sub-module anew; a cell with parameters of its own extends this."""
        for child in self.children():
            reset = getattr(child, "reset_parameters", None)
            if reset is not None:
                reset()

    def extra_repr(self) -> str:
        """Name the sizes, and the options that differ from their defaults."""
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *self._changed_options()])

    def _changed_options(self) -> list[str]:
        changed = []
        for name, option in inspect.signature(type(self)).parameters.items():
            value = self.__dict__.get(name, option.default)
            if option.default not in (option.empty, value):
                changed.append(f"{name}={value!r}")
        return changed


def first_parameter(module: nn.Module) -> nn.Parameter | None:
    """Return what `next(module.parameters(), None)` would, in a tenth of its time.

    Every call of a layer asks for it, and one time step of a stream takes no longer than the generator.
    """
    for parameter in module._parameters.values():
        if parameter is not None:
            return parameter
    for child in module._modules.values():
        parameter = None if child is None else first_parameter(child)
        if parameter is not None:
            return parameter
    return None
