"""The light recurrent unit."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_flag
from elman.cells.weights import draw_input_weight, draw_recurrent_weight


class LightRecurrentCell(Cell):
    """The light recurrent unit: a gate that sees the state, and a candidate that sees the input alone.

    Use it for few parameters and long memory: the state is a moving mean of functions of single inputs, and
    its one recurrent product only decides how fast it moves.

    Equations:
        [W_f; W_n] = weight_ih
        [U_f] = weight_hh
        [b_f; b_n] = bias
        (1) n_t = tanh(W_n x_t + b_n)
        (2) f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)
        (3) h_t = (1 - f_t) * h_{t-1} + f_t * n_t
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        bias: Whether the b are there; they start at 0.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        H. Ye, Y. Zhang, H. Liu, X. Li, J. Chang, H. Zheng (2024), "Light recurrent unit: towards an
        interpretable recurrent neural network for modeling long-range dependency", Electronics 13(16).

    Example:
        >>> cell = LightRecurrentCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    bias: nn.Parameter | None

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_flag("bias", bias)
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.register_parameter("bias", nn.Parameter(torch.empty(2 * hidden_size)) if bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        gate_input, candidate = linear(input, self.weight_ih, self.bias).chunk(2, dim=-1)
        forget = torch.sigmoid(gate_input + linear(state, self.weight_hh))
        state = (1 - forget) * state + forget * torch.tanh(candidate)
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        draw_input_weight(self.weight_ih, self.hidden_size)
        draw_recurrent_weight(self.weight_hh, (self.hidden_size,))
        if self.bias is not None:
            nn.init.zeros_(self.bias)
