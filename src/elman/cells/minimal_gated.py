"""The minimal gated unit."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.weights import GateWeights


class MinimalGatedCell(GateWeights, Cell):
    """The minimal gated unit: a GRU in which one gate both resets and updates.

    Use it as a GRU with two thirds of the parameters.

    Equations:
        [W_f; W_n] = weight_ih
        [U_f; U_n] = weight_hh
        [b_f; b_n] = bias
        (1) f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)
        (2) n_t = tanh(W_n x_t + U_n (f_t * h_{t-1}) + b_n)
        (3) h_t = (1 - f_t) * h_{t-1} + f_t * n_t
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        bias: Whether the b are there.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        G.-B. Zhou, J. Wu, C.-L. Zhang, Z.-H. Zhou (2016), "Minimal gated unit for recurrent neural networks",
        International Journal of Automation and Computing 13(3).

    Example:
        >>> cell = MinimalGatedCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True):
        super().__init__(input_size, hidden_size)
        self.add_weights(input_size, hidden_size, num_gates=2, bias=bias)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        gate_input, candidate_input = self.from_input(input).chunk(2, dim=-1)
        gate_weight, candidate_weight = self.weight_hh.chunk(2)
        forget = torch.sigmoid(gate_input + linear(state, gate_weight))
        candidate = torch.tanh(candidate_input + linear(forget * state, candidate_weight))
        state = (1 - forget) * state + forget * candidate
        return state, state
