"""The update gate network."""

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import check_number
from elman.cells.weights import GateWeights


class UGRNNCell(GateWeights, Cell):
    """The update gate network: a simple recurrent cell with one gate that keeps or replaces its state.

    Use it where a simple recurrent cell forgets too soon and a GRU costs too much: gate and candidate are
    one product. In shallow networks it trains as easily as larger gated cells.

    Equations:
        [W_g; W_n] = weight_ih
        [U_g; U_n] = weight_hh
        [b_g; b_n] = bias
        (1) g_t = sigmoid(W_g x_t + U_g h_{t-1} + b_g)
        (2) n_t = tanh(W_n x_t + U_n h_{t-1} + b_n)
        (3) h_t = g_t * h_{t-1} + (1 - g_t) * n_t
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        forget_bias: The value b_g starts at; at 1 a fresh cell keeps most of its state.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        J. Collins, J. Sohl-Dickstein, D. Sussillo (2017), "Capacity and trainability in recurrent neural
        networks", ICLR.

    Differs from the paper:
        The paper adds the constant `forget_bias` to a bias that starts at 0, which is the same function.

    Example:
        >>> cell = UGRNNCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_number("forget_bias", forget_bias)
        self.forget_bias = forget_bias
        self.add_weights(input_size, hidden_size, num_gates=2, bias=bias)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        gate, candidate = (self.from_input(input) + self.from_hidden(state)).chunk(2, dim=-1)
        gate = torch.sigmoid(gate)
        state = gate * state + (1 - gate) * torch.tanh(candidate)
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the gate starts at `forget_bias`."""
        super().reset_parameters()
        self.fill_bias(0, self.forget_bias)
