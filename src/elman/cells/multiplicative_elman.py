"""The multiplicative recurrent network: each input brings a recurrent matrix of its own, in factors."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.input_weights import InputWeights
from elman.cells.options import check_choice, check_number, check_size


class MultiplicativeElmanCell(InputWeights, Cell):
    """The factored multiplicative cell: the input decides by which matrix the old state is multiplied.

    Use it for text by character, where each character is another operation on the state. A matrix for each of
    I inputs would take I H H numbers; products of F factors take F (2 H + I).

    Equations:
        [W] = weight_ih
        [b] = bias
        [W_fx] = weight_fi
        [W_fh] = weight_fh
        [W_hf] = weight_hf
        (1) f_t = (W_fx x_t) * (W_fh h_{t-1})
        (2) h_t = activation(W x_t + W_hf f_t + b)
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        num_factors: Number of factors, F; None for H.
        activation: "tanh", "relu" or "sigmoid".
        bias: Whether b is there.
        factor_scale: Size of the first W_fx. At 1, inputs whose features have a mean square of 1 keep the
            length of the state on average; for one-hot inputs take sqrt(I).

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        I. Sutskever, J. Martens, G. E. Hinton (2011), "Generating text with recurrent neural networks", ICML.

    Differs from the paper:
        W_fh and W_hf start orthogonal, W_fx normal with the variance factor_scale ** 2 / I.

    Example:
        >>> cell = MultiplicativeElmanCell(input_size=3, hidden_size=5, num_factors=4)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        num_factors: int | None = None,
        activation: str = "tanh",
        bias: bool = True,
        factor_scale: float = 1.0,
    ):
        super().__init__(input_size, hidden_size)
        self.num_factors = hidden_size if num_factors is None else num_factors
        check_size("num_factors", self.num_factors)
        check_choice("activation", activation, ACTIVATIONS)
        check_number("factor_scale", factor_scale)
        self.activation = activation
        self.factor_scale = factor_scale
        self.add_input_weights(input_size, hidden_size, num_gates=1, bias=bias)
        self.weight_fi = nn.Parameter(torch.empty(self.num_factors, input_size))
        self.weight_fh = nn.Parameter(torch.empty(self.num_factors, hidden_size))
        self.weight_hf = nn.Parameter(torch.empty(hidden_size, self.num_factors))
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        factors = linear(input, self.weight_fi) * linear(state, self.weight_fh)
        hidden = ACTIVATIONS[self.activation](self.from_input(input) + linear(factors, self.weight_hf))
        return hidden, hidden

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        super().reset_parameters()
        nn.init.normal_(self.weight_fi, std=abs(self.factor_scale) / math.sqrt(self.input_size))
        nn.init.orthogonal_(self.weight_fh)
        nn.init.orthogonal_(self.weight_hf)
