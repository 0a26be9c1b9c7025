"""The coupled oscillatory network."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.input_weights import InputWeights
from elman.cells.options import brief, check_number
from elman.errors import OptionError


class CoRNNCell(InputWeights, Cell):
    """The coupled oscillatory cell: each unit is a damped oscillator that the input and the others drive.

    Use it for very long sequences: its gradient neither explodes nor vanishes over time, within bounds that
    the paper proves for small steps.

    Equations:
        [W] = weight_ih
        [b] = bias
        [U] = weight_hh
        [V] = weight_velocity
        f_t = tanh(W x_t + U y_{t-1} + V z_{t-1} + b) - gamma * y_{t-1} - epsilon * z_{t-1}
        (1) z_t = z_{t-1} + step_size * f_t
        (2) y_t = y_{t-1} + step_size * z_t
        returns y_t, (y_t, z_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        step_size: Time between two steps.
        gamma: How strongly a unit is pulled back to zero; sqrt(gamma) is its frequency.
        epsilon: How strongly its velocity is damped.
        bias: Whether b is there.

    Shape:
        input: (N, I). state: position and velocity (y, z), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        T. K. Rusch, S. Mishra (2021), "Coupled oscillatory recurrent neural network (coRNN): an accurate and
        (gradient) stable architecture for learning long time dependencies", ICLR.

    Differs from the paper:
        Of its two forms of the damping, by the old velocity and by the new one, this is the former. The
        defaults are its figures for images read by pixel; step_size, gamma and epsilon are to be tuned.

    Example:
        >>> cell = CoRNNCell(input_size=3, hidden_size=5)
        >>> output, (position, velocity) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        step_size: float = 0.042,
        gamma: float = 2.7,
        epsilon: float = 4.7,
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        for name, value in {"step_size": step_size, "gamma": gamma, "epsilon": epsilon}.items():
            check_number(name, value)
            if value <= 0:
                raise OptionError(f"`{name}` must be positive, but it is {brief(value)}.")
        self.step_size = step_size
        self.gamma = gamma
        self.epsilon = epsilon
        self.add_input_weights(input_size, hidden_size, num_gates=1, bias=bias)
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.weight_velocity = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.reset_parameters()

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        position, velocity = state
        coupled = linear(position, self.weight_hh) + linear(velocity, self.weight_velocity)
        force = torch.tanh(self.from_input(input) + coupled) - self.gamma * position - self.epsilon * velocity
        velocity = velocity + self.step_size * force
        position = position + self.step_size * velocity
        return position, (position, velocity)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (y, z) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        super().reset_parameters()
        for weight in (self.weight_hh, self.weight_velocity):
            nn.init.uniform_(weight, -self.input_bound, self.input_bound)
