"""The long short-term memory of 1997, which has no forget gate."""

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import check_number
from elman.cells.weights import GateWeights


class LSTM1997Cell(GateWeights, Cell):
    """The first long short-term memory: what is written into the cell state stays there.

    Use it for sums and counts over sequences that end, and to see what the forget gate is good for: on a
    stream without end the cell state grows until it saturates.

    Equations:
        [W_i; W_g; W_o] = weight_ih
        [U_i; U_g; U_o] = weight_hh
        [b_i; b_g; b_o] = bias
        (1) i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)
        (2) g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
        (3) o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)
        (4) c_t = c_{t-1} + i_t * g_t
        (5) h_t = o_t * tanh(c_t)
        returns h_t, (h_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        gate_bias: The value b_i and b_o start at. Below zero a fresh cell writes and reads little, which
            keeps its state from drifting off before it has learnt what to store.
        bias: Whether the b are there; without them `gate_bias` has no effect.

    Shape:
        input: (N, I). state: (h, c), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        S. Hochreiter, J. Schmidhuber (1997), "Long short-term memory", Neural Computation 9(8).

    Differs from the paper:
        The gradient is exact; the paper's, which is cut off where errors leave a memory cell, is not
        reproduced. tanh stands for the paper's scaled logistic functions, and each block has one cell.

    Example:
        >>> cell = LSTM1997Cell(input_size=3, hidden_size=5)
        >>> output, (hidden, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> memory.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, gate_bias: float = -1.0, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_number("gate_bias", gate_bias)
        self.gate_bias = gate_bias
        self.add_weights(input_size, hidden_size, num_gates=3, bias=bias)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        gates = self.from_input(input) + self.from_hidden(hidden)
        input_gate, candidate, output_gate = gates.chunk(3, dim=-1)
        memory = memory + torch.sigmoid(input_gate) * torch.tanh(candidate)
        hidden = torch.sigmoid(output_gate) * torch.tanh(memory)
        return hidden, (hidden, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, c) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the biases of both gates start at `gate_bias`."""
        super().reset_parameters()
        self.fill_bias(0, self.gate_bias)
        self.fill_bias(2, self.gate_bias)
