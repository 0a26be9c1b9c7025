"""The minimal gated recurrent unit whose gate reads the input alone."""

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.input_weights import InputWeights


class MinGRUCell(InputWeights, Cell):
    """The minGRU: a gated running mean of a linear map of the input.

    Use it in deep stacks and for long sequences: neither gate nor candidate reads the state, so a step has no
    product with it, and the state stays between the smallest and the largest candidate so far. Its units meet
    in the next layer; one layer alone cannot decide by what it remembers.

    Equations:
        [W_z; W_h] = weight_ih
        [b_z; b_h] = bias
        (1) z_t = sigmoid(W_z x_t + b_z)
        (2) n_t = W_h x_t + b_h
        (3) h_t = (1 - z_t) * h_{t-1} + z_t * n_t
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
        L. Feng, F. Tung, M. O. Ahmed, Y. Bengio, H. Hajimirsadeghi (2024), "Were RNNs all we needed?",
        arXiv:2410.01201.

    Differs from the paper:
        This is its plain form, of steps one after the other. The form in log space, which the paper trains
        with, keeps states positive by a function of the candidate that this one does not have. States start
        at zero, weights uniform in ±1/sqrt(H), biases at zero; the paper leaves all three open.

    Example:
        >>> cell = MinGRUCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True):
        super().__init__(input_size, hidden_size)
        self.add_input_weights(input_size, hidden_size, num_gates=2, bias=bias)
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        update, candidate = self.from_input(input).chunk(2, dim=-1)
        update = torch.sigmoid(update)
        state = (1 - update) * state + update * candidate
        return state, state
