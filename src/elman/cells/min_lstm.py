"""The minimal long short-term memory whose gates read the input alone."""

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from elman.cells.base import Cell
from elman.cells.input_weights import InputWeights
from elman.cells.options import check_number


class MinLSTMCell(InputWeights, Cell):
    """The minLSTM: a running mean of a linear map of the input, by a forget and an input gate that share 1.

    Use it as `MinGRUCell`, with a bias that says how much a fresh cell keeps.

    Equations:
        [W_f; W_i; W_h] = weight_ih
        [b_f; b_i; b_h] = bias
        (1) f_t = sigmoid(W_f x_t + b_f)
        (2) i_t = sigmoid(W_i x_t + b_i)
        (3) n_t = W_h x_t + b_h
        (4) k_t = f_t / (f_t + i_t)
        (5) h_t = k_t * h_{t-1} + i_t / (f_t + i_t) * n_t
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        forget_bias: The value b_f starts at; the larger, the more a fresh cell keeps of its state.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        L. Feng, F. Tung, M. O. Ahmed, Y. Bengio, H. Hajimirsadeghi (2024), "Were RNNs all we needed?",
        arXiv:2410.01201.

    Differs from the paper:
        This is its plain form, of steps one after the other, without the function that keeps states positive
        in log space. The forget bias starts at 1, as in `LSTMCell`; the paper finds that a larger one trains
        faster. States start at zero, weights uniform in ±1/sqrt(H), other biases at zero.

    Example:
        >>> cell = MinLSTMCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_number("forget_bias", forget_bias)
        self.forget_bias = forget_bias
        self.add_input_weights(input_size, hidden_size, num_gates=3, bias=bias)
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        forget, write, candidate = self.from_input(input).chunk(3, dim=-1)
        # f / (f + i) = 1 / (1 + i / f), from logarithms: two closed gates would be 0 / 0.
        keep = torch.sigmoid(logsigmoid(forget) - logsigmoid(write))
        state = keep * state + (1 - keep) * candidate
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gate starts at `forget_bias`."""
        super().reset_parameters()
        if self.bias is not None:
            nn.init.constant_(self.bias[: self.hidden_size], self.forget_bias)
