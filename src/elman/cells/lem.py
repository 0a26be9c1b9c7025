"""Long expressive memory."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.input_weights import InputWeights
from elman.cells.options import brief, check_number
from elman.errors import OptionError


class LEMCell(InputWeights, Cell):
    """The long expressive memory: two states that move at time steps which the cell itself chooses.

    Use it in the place of an LSTM where a sequence has several time scales: it has as many parameters, and
    its gradient stays within bounds, too.

    Equations:
        [V_1; V_2; V_z; V_y] = weight_ih
        [b_1; b_2; b_z; b_y] = bias
        [W_1; W_2; W_z] = weight_hh
        [W_y] = weight_memory
        (1) r_t = step_size * sigmoid(W_1 y_{t-1} + V_1 x_t + b_1)
        (2) s_t = step_size * sigmoid(W_2 y_{t-1} + V_2 x_t + b_2)
        (3) z_t = (1 - r_t) * z_{t-1} + r_t * tanh(W_z y_{t-1} + V_z x_t + b_z)
        (4) y_t = (1 - s_t) * y_{t-1} + s_t * tanh(W_y z_t + V_y x_t + b_y)
        returns y_t, (y_t, z_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        step_size: The longest time step of a unit, above 0 and at most 1.
        bias: Whether the b are there.

    Shape:
        input: (N, I). state: (y, z), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        T. K. Rusch, S. Mishra, N. B. Erichson, M. W. Mahoney (2022), "Long expressive memory for sequence
        modeling", ICLR.

    Example:
        >>> cell = LEMCell(input_size=3, hidden_size=5)
        >>> output, (slow, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, step_size: float = 1.0, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_number("step_size", step_size)
        if not 0 < step_size <= 1:
            raise OptionError(f"`step_size` must be above 0 and at most 1, but it is {brief(step_size)}.")
        self.step_size = step_size
        self.add_input_weights(input_size, hidden_size, num_gates=4, bias=bias)
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.weight_memory = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.reset_parameters()

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        output, memory = state
        size = self.hidden_size
        from_input, output_input = self.from_input(input).split([3 * size, size], dim=-1)
        gates = from_input + linear(output, self.weight_hh)
        memory_step, output_step, candidate = gates.chunk(3, dim=-1)
        memory_step = self.step_size * torch.sigmoid(memory_step)
        output_step = self.step_size * torch.sigmoid(output_step)
        memory = (1 - memory_step) * memory + memory_step * torch.tanh(candidate)
        candidate = torch.tanh(output_input + linear(memory, self.weight_memory))
        output = (1 - output_step) * output + output_step * candidate
        return output, (output, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (y, z) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew: all weights uniform in ±1/sqrt(H), biases zero."""
        super().reset_parameters()
        for weight in (self.weight_hh, self.weight_memory):
            nn.init.uniform_(weight, -self.input_bound, self.input_bound)
