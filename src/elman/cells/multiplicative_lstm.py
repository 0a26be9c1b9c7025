"""The LSTM whose recurrent weights depend on the input."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_number
from elman.cells.weights import GateWeights, draw_recurrent_weight


class MultiplicativeLSTMCell(GateWeights, Cell):
    """The multiplicative LSTM: each input has a recurrent matrix of its own, in factored form.

    Use it for sequences of symbols, such as characters, where what the past means depends on what comes now.
    It takes a quarter more parameters than an LSTM and two products one after the other.

    Equations:
        [W_m] = weight_im
        [U_m] = weight_hm
        [W_i; W_f; W_g; W_o] = weight_ih
        [U_i; U_f; U_g; U_o] = weight_hh
        [b_i; b_f; b_g; b_o] = bias
        (1) m_t = (W_m x_t) * (U_m h_{t-1})
        (2) i_t = sigmoid(W_i x_t + U_i m_t + b_i)
        (3) f_t = sigmoid(W_f x_t + U_f m_t + b_f)
        (4) g_t = tanh(W_g x_t + U_g m_t + b_g)
        (5) o_t = sigmoid(W_o x_t + U_o m_t + b_o)
        (6) c_t = f_t * c_{t-1} + i_t * g_t
        (7) h_t = o_t * tanh(c_t)
        returns h_t, (h_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        forget_bias: The value b_f starts at.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (h, c), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        B. Krause, L. Lu, I. Murray, S. Renals (2016), "Multiplicative LSTM for sequence modelling",
        arXiv:1609.07959.

    Differs from the paper:
        W_m starts normal with variance 1/I, so that inputs of variance 1 neither shrink nor stretch m.

    Example:
        >>> cell = MultiplicativeLSTMCell(input_size=3, hidden_size=5)
        >>> output, (hidden, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> memory.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_number("forget_bias", forget_bias)
        self.forget_bias = forget_bias
        self.weight_im = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hm = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.add_weights(input_size, hidden_size, num_gates=4, bias=bias)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        mixed = linear(input, self.weight_im) * linear(hidden, self.weight_hm)
        gates = self.from_input(input) + self.from_hidden(mixed)
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
        nn.init.normal_(self.weight_im, std=1 / math.sqrt(self.input_size))
        draw_recurrent_weight(self.weight_hm, (self.hidden_size,))
