"""The simple recurrent network of Elman."""

import torch
from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.options import check_choice, check_number
from elman.cells.weights import GateWeights

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


class ElmanCell(GateWeights, Cell):
    """The simple recurrent cell: the new state is a squashed sum of the input and the old state.

    Use it as the baseline of any gated cell, and where dependencies are short: its gradient shrinks or grows
    by a factor at every step.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [b] = bias
        (1) h_t = activation(W x_t + U h_{t-1} + b)
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        activation: "tanh", "relu" or "sigmoid".
        bias: Whether b is there; without it and with tanh, h_t = tanh(W x_t + U h_{t-1}) exactly.
        double_bias: Whether b is the sum of `bias_ih` and `bias_hh`, as in torch.nn.
        recurrent_init: What U starts as: an "orthogonal" matrix, or the "identity". The identity with
            `activation="relu"` is the IRNN: without input a fresh cell keeps its state for ever.
        recurrent_scale: What the first U is multiplied by; below 1 a fresh cell forgets from step to step.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        J. L. Elman (1990), "Finding structure in time", Cognitive Science 14(2). The identity as first U:
        Q. V. Le, N. Jaitly, G. E. Hinton (2015), "A simple way to initialize recurrent networks of rectified
        linear units", arXiv:1504.00941.

    Differs from the paper:
        The paper's units are logistic (`activation="sigmoid"`), and it sends no error back through the copied
        state. Its output units are a layer of their own: put `torch.nn.Linear` behind the layer.

    Example:
        >>> cell = ElmanCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        bias: bool = True,
        double_bias: bool = False,
        recurrent_init: str = "orthogonal",
        recurrent_scale: float = 1.0,
    ):
        super().__init__(input_size, hidden_size)
        check_choice("activation", activation, ACTIVATIONS)
        check_choice("recurrent_init", recurrent_init, ("orthogonal", "identity"))
        check_number("recurrent_scale", recurrent_scale)
        self.activation = activation
        self.recurrent_init = recurrent_init
        self.recurrent_scale = recurrent_scale
        self.add_weights(input_size, hidden_size, num_gates=1, bias=bias, double_bias=double_bias)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        hidden = ACTIVATIONS[self.activation](self.from_input(input) + self.from_hidden(state))
        return hidden, hidden

    def reset_parameters(self) -> None:
        """Draw the parameters anew; U starts as `recurrent_init` times `recurrent_scale`."""
        super().reset_parameters()
        if self.recurrent_init == "identity":
            nn.init.eye_(self.weight_hh)
        with torch.no_grad():
            self.weight_hh.mul_(self.recurrent_scale)
