"""The clockwork network: groups of units that run at periods of their own."""

import math

import torch
from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.options import brief, check_size
from elman.cells.weights import GateWeights
from elman.errors import OptionError


class ClockworkCell(GateWeights, Cell):
    """The clockwork cell: a group of units with period p is computed at every p-th step and waits in between.

    Use it for signals of several time scales: a slow group goes through a long sequence in few steps, and so
    does its gradient. A group sees itself and the slower ones, so that fast changes do not reach the slow
    groups from inside.

    The step count k is part of the state: it begins with the fresh state, goes on where a sequence is
    continued in pieces, and begins again at a reset; read in reverse, the last step is step 0. All groups are
    computed at step 0.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [b] = bias
        [M] = mask
        [p] = unit_periods
        V = M * U
        d_t = k_{t-1} % p < 1
        (1) h_t = where(d_t, tanh(W x_t + V h_{t-1} + b), h_{t-1})
        k_t = (k_{t-1} + 1) % cycle
        returns h_t, (h_t, k_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        periods: The period of each group, in steps, ascending. The groups share the units evenly; the first
            ones get what is left over.
        bias: Whether b is there.

    Shape:
        input: (N, I). state: (h, k), of (N, H) and (N, 1). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        J. Koutník, K. Greff, F. Gomez, J. Schmidhuber (2014), "A clockwork RNN", ICML.

    Differs from the paper:
        k is counted modulo the least common multiple of the periods, `cycle`, which keeps it exact. The
        recurrent weights start orthogonal, before the mask.

    Example:
        >>> cell = ClockworkCell(input_size=3, hidden_size=8, periods=(1, 4))
        >>> output, (hidden, count) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> count
        tensor([[1.],
                [1.]])
    """

    mask: Tensor
    unit_periods: Tensor

    def __init__(
        self, input_size: int, hidden_size: int, *, periods: tuple[int, ...] = (1, 2, 4, 8), bias: bool = True
    ):
        super().__init__(input_size, hidden_size)
        _check_periods(periods)
        self.periods = periods
        self.cycle = math.lcm(*periods)
        groups = torch.arange(hidden_size).tensor_split(len(periods))
        unit_periods = torch.cat(
            [torch.full((len(group),), float(period)) for group, period in zip(groups, periods, strict=True)]
        )
        self.register_buffer("unit_periods", unit_periods, persistent=False)
        self.register_buffer("mask", (unit_periods >= unit_periods[:, None]).float(), persistent=False)
        self.add_weights(input_size, hidden_size, num_gates=1, bias=bias, double_bias=False)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, count = state
        is_due = _modulo(count, self.unit_periods) < 1
        new = torch.tanh(self.from_input(input) + nn.functional.linear(hidden, self.mask * self.weight_hh))
        hidden = torch.where(is_due, new, hidden)
        return hidden, (hidden, _modulo(count + 1, self.cycle))

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, k) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, 1)


def _modulo(count: Tensor, period: Tensor | int) -> Tensor:
    return count - period * torch.floor(count / period)


def _check_periods(periods: object) -> None:
    if not isinstance(periods, tuple) or not periods:
        raise OptionError(f"`periods` must be a tuple of positive integers, but it is {brief(periods)}.")
    for number, period in enumerate(periods):
        check_size(f"periods[{number}]", period)
    if sorted(periods) != list(periods):
        raise OptionError(f"`periods` must be ascending, but it is {brief(periods)}.")
