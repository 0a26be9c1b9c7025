"""The Legendre memory unit: the last moments of a signal, as coefficients of Legendre polynomials."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import brief, check_number, check_size
from elman.errors import OptionError


class LegendreMemoryCell(Cell):
    """The Legendre memory unit: a linear memory of one signal's last theta steps, and a nonlinear state.

    Use it where the shape of a window counts, or a delay of known length: the memory holds the window from
    the first update on, without training. It resolves about d / 2 waves within theta steps.

    Equations:
        [A] = transition
        [b] = drive
        [E_x] = encoder_ih
        [E_h] = encoder_hh
        [E_m] = encoder_mh
        [W_x] = weight_ih
        [W_h] = weight_hh
        [W_m] = weight_mh
        (18) u_t = E_x x_t + E_h h_{t-1} + E_m m_{t-1}
        (19) m_t = A m_{t-1} + b * u_t
        (20) h_t = tanh(W_x x_t + W_h h_{t-1} + W_m m_t)
        returns h_t, (h_t, m_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        order: Number of polynomials, d.
        theta: Length of the window, in time steps; need not be whole.

    Shape:
        input: (N, I). state: (h, m) of (N, H) and (N, d). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        A. R. Voelker, I. Kajic, C. Eliasmith (2019), "Legendre memory units: continuous-time representation
        in recurrent neural networks", NeurIPS.

    Differs from the paper:
        A and b are those of a signal that is constant between time steps (zero-order hold), computed in
        float64 and rounded to torch's default dtype; they are not trained. Initialisation is the paper's:
        E_x and E_h uniform with variance 1/I and 1/H, E_m zero, W normal with variance 2 / (rows + columns).

    Example:
        >>> cell = LegendreMemoryCell(input_size=3, hidden_size=5, order=4, theta=20.0)
        >>> output, (hidden, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape, memory.shape
        (torch.Size([2, 5]), torch.Size([2, 4]))
    """

    transition: Tensor
    drive: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, order: int = 8, theta: float = 100.0):
        super().__init__(input_size, hidden_size)
        check_size("order", order)
        check_number("theta", theta)
        if theta <= 0:
            raise OptionError(f"`theta` must be a positive number of time steps, but it is {brief(theta)}.")
        self.order = order
        self.theta = theta
        transition, drive = discretise(*delay_network(order, theta))
        self.register_buffer("transition", transition.to(torch.get_default_dtype()))
        self.register_buffer("drive", drive.to(torch.get_default_dtype()))
        self.encoder_ih = nn.Parameter(torch.empty(1, input_size))
        self.encoder_hh = nn.Parameter(torch.empty(1, hidden_size))
        self.encoder_mh = nn.Parameter(torch.empty(1, order))
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.weight_mh = nn.Parameter(torch.empty(hidden_size, order))
        self.reset_parameters()

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        signal = linear(input, self.encoder_ih) + linear(hidden, self.encoder_hh)
        signal = signal + linear(memory, self.encoder_mh)
        # W_m m_t = (W_m A) m_{t-1} + (W_m b) u_t: so no product waits for another of the same step.
        hidden = linear(input, self.weight_ih) + linear(hidden, self.weight_hh)
        hidden = hidden + linear(memory, self.weight_mh @ self.transition)
        hidden = torch.tanh(hidden + (self.weight_mh @ self.drive) * signal)
        memory = linear(memory, self.transition) + self.drive * signal
        return hidden, (hidden, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, m) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.order)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; A and b stay."""
        for encoder, size in ((self.encoder_ih, self.input_size), (self.encoder_hh, self.hidden_size)):
            nn.init.uniform_(encoder, -math.sqrt(3 / size), math.sqrt(3 / size))
        nn.init.zeros_(self.encoder_mh)
        for weight in (self.weight_ih, self.weight_hh, self.weight_mh):
            nn.init.xavier_normal_(weight)


def delay_network(order: int, theta: float) -> tuple[Tensor, Tensor]:
    """Return A and B of dm/dt = A m + B u in float64, by which m holds the last `theta` of u.

    The signal a time r * theta ago is the sum of m_i P_i(2 r - 1) over the Legendre polynomials P_i.

    Args:
        order: Number of polynomials, d.
        theta: Length of the window.
    """
    row = torch.arange(order, dtype=torch.float64)[:, None]
    column = row.T
    sign = torch.where(row < column, -1.0, (-1.0) ** (row - column + 1))
    scale = (2 * row + 1) / theta
    return scale * sign, scale * (-1.0) ** row


def discretise(transition: Tensor, drive: Tensor) -> tuple[Tensor, Tensor]:
    """Return A and b of m_t = A m_{t-1} + b u_t, exact for a signal that is constant between time steps.

    Args:
        transition: A of dm/dt = A m + B u.
        drive: B.

    Shape:
        transition: (d, d). drive: (d, 1). Returns: (d, d) and (d,).
    """
    order = len(transition)
    joint = torch.zeros(order + 1, order + 1, dtype=transition.dtype)
    joint[:order, :order], joint[:order, order:] = transition, drive
    joint = torch.linalg.matrix_exp(joint)
    return joint[:order, :order].clone(), joint[:order, order].clone()
