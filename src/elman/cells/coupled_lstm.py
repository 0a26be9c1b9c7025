"""The LSTM that writes exactly what it forgets."""

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import check_number
from elman.cells.weights import GateWeights


class CoupledLSTMCell(GateWeights, Cell):
    """The LSTM with coupled input and forget gates: the cell state is a moving mean of candidates.

    Use it as an LSTM with three quarters of the parameters, whose cell state stays between -1 and 1.

    Equations:
        [W_f; W_g; W_o] = weight_ih
        [U_f; U_g; U_o] = weight_hh
        [b_f; b_g; b_o] = bias
        (1) f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)
        (2) g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
        (3) o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)
        (4) c_t = f_t * c_{t-1} + (1 - f_t) * g_t
        (5) h_t = o_t * tanh(c_t)
        returns h_t, (h_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        forget_bias: The value b_f starts at; at 1 a fresh cell keeps most of its state.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (h, c), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        K. Greff, R. K. Srivastava, J. Koutník, B. R. Steunebrink, J. Schmidhuber (2017), "LSTM: a search
        space odyssey", IEEE Transactions on Neural Networks and Learning Systems 28(10).

    Differs from the paper:
        The gates have no peepholes.

    Example:
        >>> cell = CoupledLSTMCell(input_size=3, hidden_size=5)
        >>> output, (hidden, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> memory.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_number("forget_bias", forget_bias)
        self.forget_bias = forget_bias
        self.add_weights(input_size, hidden_size, num_gates=3, bias=bias)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        gates = self.from_input(input) + self.from_hidden(hidden)
        forget_gate, candidate, output_gate = gates.chunk(3, dim=-1)
        forget_gate = torch.sigmoid(forget_gate)
        memory = forget_gate * memory + (1 - forget_gate) * torch.tanh(candidate)
        hidden = torch.sigmoid(output_gate) * torch.tanh(memory)
        return hidden, (hidden, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, c) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gate starts at `forget_bias`."""
        super().reset_parameters()
        self.fill_bias(0, self.forget_bias)
