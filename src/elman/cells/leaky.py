"""Leaky units: a simple recurrent cell whose units follow their input slowly."""

import torch
from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.options import check_choice, check_flag
from elman.cells.spread import Spread, check_spread, draw_spread
from elman.cells.weights import GateWeights


class LeakyCell(GateWeights, Cell):
    """The leaky integrator: a unit keeps a share alpha of its old value, the rest is new.

    Use it where a time scale is known, or several are: a unit with alpha forgets by alpha at each step and so
    remembers about 1 / (1 - alpha) steps. Layers of small and of large alpha are a network of several time
    scales.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [b] = bias
        [a] = alphas
        [l] = alpha_logits
        a = sigmoid(l)    if learn_alpha=True
        (1) h_t = a * h_{t-1} + (1 - a) * activation(W x_t + U h_{t-1} + b)
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        alpha: The share that is kept, above 0 and below 1: one number for all units, or a range (low, high)
            from which each unit draws its own.
        learn_alpha: Whether training changes the alphas, each from its first value on; they stay between 0
            and 1.
        activation: "tanh", "relu" or "sigmoid".
        bias: Whether b is there.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        M. C. Mozer (1992), "Induction of multiscale temporal structure", NIPS 4.

    Example:
        >>> cell = LeakyCell(input_size=3, hidden_size=5, alpha=(0.5, 0.99))
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    alphas: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        alpha: Spread = 0.5,
        learn_alpha: bool = False,
        activation: str = "tanh",
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        check_spread("alpha", alpha, above=0, below=1)
        check_flag("learn_alpha", learn_alpha)
        check_choice("activation", activation, ACTIVATIONS)
        self.alpha = alpha
        self.learn_alpha = learn_alpha
        self.activation = activation
        if learn_alpha:
            self.alpha_logits = nn.Parameter(torch.empty(hidden_size))
        else:
            self.register_buffer("alphas", torch.empty(hidden_size))
        self.add_weights(input_size, hidden_size, num_gates=1, bias=bias, double_bias=False)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        alpha = torch.sigmoid(self.alpha_logits) if self.learn_alpha else self.alphas
        new = ACTIVATIONS[self.activation](self.from_input(input) + self.from_hidden(state))
        state = alpha * state + (1 - alpha) * new
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew, the alphas among them."""
        super().reset_parameters()
        alphas = draw_spread(self.alpha, self.hidden_size)
        with torch.no_grad():
            if self.learn_alpha:
                self.alpha_logits.copy_(torch.logit(alphas))
            else:
                self.alphas.copy_(alphas)
