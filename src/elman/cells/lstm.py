"""The long short-term memory with a forget gate."""

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import check_number
from elman.cells.weights import GateWeights


class LSTMCell(GateWeights, Cell):
    """The long short-term memory: a cell state that gates write, keep and read.

    Use it where what happened long ago matters: while the forget gate is open, the cell state and its
    gradient pass through time unchanged.

    Equations:
        [W_i; W_f; W_g; W_o] = weight_ih
        [U_i; U_f; U_g; U_o] = weight_hh
        [b_i; b_f; b_g; b_o] = bias
        (1) i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)
        (2) f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)
        (3) g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
        (4) o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)
        (5) c_t = f_t * c_{t-1} + i_t * g_t
        (6) h_t = o_t * tanh(c_t)
        returns h_t, (h_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        forget_bias: The value b_f starts at. At 1 a fresh cell keeps most of its state, so that gradients
            reach far from the first update on (Jozefowicz et al., 2015).
        bias: Whether the b are there; without them `forget_bias` has no effect.
        double_bias: Whether each b is the sum of rows of `bias_ih` and `bias_hh`, as in torch.nn.

    Shape:
        input: (N, I). state: (h, c), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        F. A. Gers, J. Schmidhuber, F. Cummins (2000), "Learning to forget: continual prediction with LSTM",
        Neural Computation 12(10).

    Differs from the paper:
        tanh stands for the paper's scaled logistic functions, each block has one cell, and the gradient is
        exact where the paper truncates it.

    Example:
        >>> cell = LSTMCell(input_size=3, hidden_size=5)
        >>> output, (hidden, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> memory.shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        bias: bool = True,
        double_bias: bool = False,
    ):
        super().__init__(input_size, hidden_size)
        check_number("forget_bias", forget_bias)
        self.forget_bias = forget_bias
        self.add_weights(input_size, hidden_size, num_gates=4, bias=bias, double_bias=double_bias)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        gates = self.from_input(input) + self.from_hidden(hidden)
        input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
        memory = torch.sigmoid(forget_gate) * memory + torch.sigmoid(input_gate) * torch.tanh(candidate)
        hidden = torch.sigmoid(output_gate) * torch.tanh(memory)
        return hidden, (hidden, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, c) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gate starts at `forget_bias`."""
        super().reset_parameters()
        self.fill_bias(1, self.forget_bias)
