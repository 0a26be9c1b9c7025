"""The fast gated recurrent cell, whose gate and candidate share their weights."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.weights import draw_input_weight, draw_recurrent_weight


class FastGRNNCell(Cell):
    """FastGRNN: a gate and a candidate that share one product and differ in their biases alone.

    Use it on the smallest of machines: it has as many weights as a simple recurrent cell, keeps its state
    through a gate, and trains as stably as a gated cell.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [b_z; b_n] = bias
        [s] = zeta
        [v] = nu
        (1) z_t = sigmoid(W x_t + U h_{t-1} + b_z)
        (2) n_t = tanh(W x_t + U h_{t-1} + b_n)
        (3) h_t = (sigmoid(s) * (1 - z_t) + sigmoid(v)) * n_t + z_t * h_{t-1}
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        A. Kusupati, M. Singh, K. Bhatia, A. Kumar, P. Jain, M. Varma (2018), "FastGRNN: a fast, accurate,
        stable and tiny kilobyte sized gated recurrent neural network", NeurIPS.

    Differs from the paper:
        W and U have full rank, and are neither sparse nor quantised. The paper's numbers between 0 and 1 are
        sigmoids of `zeta` and `nu`; they start at 1 and -4, and the b at 1, as in the authors' code.

    Example:
        >>> cell = FastGRNNCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(2 * hidden_size))
        self.zeta = nn.Parameter(torch.empty(()))
        self.nu = nn.Parameter(torch.empty(()))
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        gate_bias, candidate_bias = self.bias.chunk(2)
        shared = linear(input, self.weight_ih) + linear(state, self.weight_hh)
        gate, candidate = torch.sigmoid(shared + gate_bias), torch.tanh(shared + candidate_bias)
        written = torch.sigmoid(self.zeta) * (1 - gate) + torch.sigmoid(self.nu)
        state = written * candidate + gate * state
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        draw_input_weight(self.weight_ih, self.hidden_size)
        draw_recurrent_weight(self.weight_hh, (self.hidden_size,))
        for parameter, value in [(self.bias, 1.0), (self.zeta, 1.0), (self.nu, -4.0)]:
            nn.init.constant_(parameter, value)
