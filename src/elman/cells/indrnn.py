"""The independently recurrent network: each unit sees itself alone."""

import math

import torch
from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.input_weights import InputWeights
from elman.cells.options import brief, check_choice, check_number
from elman.errors import OptionError


class IndRNNCell(InputWeights, Cell):
    """The independently recurrent cell: a unit's old value comes back to that unit alone, by one weight.

    Use it for very long sequences and in deep stacks: a unit's gradient grows or shrinks by its own weight,
    which can be read and limited, and a step has no product of a matrix with the state. Units meet in the
    next layer; one layer alone mixes nothing.

    Equations:
        [W] = weight_ih
        [v] = weight_hh
        [b] = bias
        (1) u = max(min(v, max_recurrent), -max_recurrent)
        (2) h_t = activation(W x_t + u * h_{t-1} + b)
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        activation: "relu", "tanh" or "sigmoid".
        bias: Whether b is there.
        max_recurrent: The largest absolute value of a recurrent weight; over T steps a relu unit then grows
            by at most max_recurrent ** T. Infinity for no limit.
        initial_recurrent: The range (low, high) from which the first u are drawn. For a last layer whose
            last step alone counts, the paper takes low close to 1, so that all units remember.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        S. Li, W. Li, C. Cook, C. Zhu, Y. Gao (2018), "Independently recurrent neural network (IndRNN):
        building a longer and deeper RNN", CVPR.

    Differs from the paper:
        The paper cuts the weights back to the limit after each update; here the limit is part of the
        equation, so that a weight beyond it has no gradient. Input weights start uniform in ±1/sqrt(H).

    Example:
        >>> cell = IndRNNCell(input_size=3, hidden_size=5, max_recurrent=2 ** (1 / 1000))
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "relu",
        bias: bool = True,
        max_recurrent: float = math.inf,
        initial_recurrent: tuple[float, float] = (0.0, 1.0),
    ):
        super().__init__(input_size, hidden_size)
        check_choice("activation", activation, ACTIVATIONS)
        _check_limit(max_recurrent)
        _check_range(initial_recurrent)
        self.activation = activation
        self.max_recurrent = max_recurrent
        self.initial_recurrent = initial_recurrent
        self.add_input_weights(input_size, hidden_size, num_gates=1, bias=bias)
        self.weight_hh = nn.Parameter(torch.empty(hidden_size))
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        recurrent = self.weight_hh.clamp(-self.max_recurrent, self.max_recurrent)
        hidden = ACTIVATIONS[self.activation](self.from_input(input) + recurrent * state)
        return hidden, hidden

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the recurrent weights are uniform in `initial_recurrent`."""
        super().reset_parameters()
        nn.init.uniform_(self.weight_hh, *self.initial_recurrent)


def _check_limit(value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise OptionError(f"`max_recurrent` must be a positive number, but it is {brief(value)}.")


def _check_range(value: object) -> None:
    if not isinstance(value, tuple) or len(value) != 2:
        raise OptionError(f"`initial_recurrent` must be a pair (low, high), but it is {brief(value)}.")
    for number in value:
        check_number("initial_recurrent", number)
    if value[0] > value[1]:
        raise OptionError(f"`initial_recurrent` must be a pair (low, high), but it is {brief(value)}.")
