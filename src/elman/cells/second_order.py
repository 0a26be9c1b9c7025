"""The second-order recurrent network: the input chooses the transition."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.options import check_choice, check_flag, check_number


class SecondOrderCell(Cell):
    """The second-order cell: products of a state and an input are weighted, not their sum.

    Use it for few symbols and few units, as in learning a finite automaton: each one-hot input has a
    transition matrix of its own, and a weight stands for "in state j, on symbol k, to state i". It has
    H H I weights; `MultiplicativeElmanCell` has the same idea in factors.

    The products q stand side by side, those of the first unit first: weight[i, j * I + k] is W_ijk.

    Equations:
        [W] = weight
        [b] = bias
        q_t = outer(h_{t-1}, x_t)
        (1) h_t = activation(W q_t + b)
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        activation: "sigmoid", "tanh" or "relu".
        bias: Whether b is there.
        recurrent_scale: Size of the first weights: each input's matrix starts orthogonal, times this over
            sqrt(I). At 1, inputs whose features have a mean square of 1 keep the length of a state on
            average; for one-hot inputs take sqrt(I).

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        C. L. Giles, C. B. Miller, D. Chen, H. H. Chen, G. Z. Sun, Y. C. Lee (1992), "Learning and extracting
        finite state automata with second-order recurrent neural networks", Neural Computation 4(3).

    Differs from the paper:
        The paper has no bias, and one unit of its first state is 1; here a fresh state is zero, and without
        a bias (and with tanh) it would stay zero. Its first weights are uniform.

    Example:
        >>> cell = SecondOrderCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "sigmoid",
        bias: bool = True,
        recurrent_scale: float = 1.0,
    ):
        super().__init__(input_size, hidden_size)
        check_choice("activation", activation, ACTIVATIONS)
        check_flag("bias", bias)
        check_number("recurrent_scale", recurrent_scale)
        self.activation = activation
        self.recurrent_scale = recurrent_scale
        self.weight = nn.Parameter(torch.empty(hidden_size, hidden_size * input_size))
        self.register_parameter("bias", nn.Parameter(torch.empty(hidden_size)) if bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        products = (state[:, :, None] * input[:, None, :]).flatten(1)
        hidden = ACTIVATIONS[self.activation](linear(products, self.weight, self.bias))
        return hidden, hidden

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias starts at zero."""
        gain = self.recurrent_scale / math.sqrt(self.input_size)
        matrices = self.weight.detach().view(self.hidden_size, self.hidden_size, self.input_size)
        for number in range(self.input_size):
            matrices[:, :, number] = nn.init.orthogonal_(torch.empty_like(matrices[:, :, 0]), gain)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Add that there is no bias; `bias` is a parameter here, so its flag is not among the attributes."""
        return super().extra_repr() + ("" if self.bias is not None else ", bias=False")
