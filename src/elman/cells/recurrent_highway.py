"""The recurrent highway network."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_number, check_size
from elman.cells.weights import draw_input_weight, draw_recurrent_weight


class RecurrentHighwayCell(Cell):
    """The recurrent highway: several gated layers inside one time step.

    Use it where one step has to compute more than one layer can, as in models of language. A gate in each
    layer carries the state past it, so that depth does not stop the gradient.

    Equations:
        [W_v; W_g] = weight_ih
        [U_v; U_g] = weight_hh[1]
        [b_v; b_g] = bias[1]
        (7) v_t = tanh(W_v x_t + U_v h_{t-1} + b_v)
        (8) g_t = sigmoid(W_g x_t + U_g h_{t-1} + b_g)
        (6) s_t = v_t * g_t + h_{t-1} * (1 - g_t)
        [U_v; U_g] = weight_hh[l]    for l=2..depth
        [b_v; b_g] = bias[l]    for l=2..depth
        (7) v_t = tanh(U_v s_t + b_v)    for l=2..depth
        (8) g_t = sigmoid(U_g s_t + b_g)    for l=2..depth
        (6) s_t = v_t * g_t + s_t * (1 - g_t)    for l=2..depth
        (9) h_t = s_t
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        depth: Number of layers in one time step, L; each waits for the one before it.
        transform_bias: The value b_g starts at. Below zero a fresh cell carries most of its state.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        J. G. Zilly, R. K. Srivastava, J. Koutník, J. Schmidhuber (2017), "Recurrent highway networks", ICML.

    Differs from the paper:
        The carry gate is 1 - g in each layer, which is the form of the paper's experiments.

    Example:
        >>> cell = RecurrentHighwayCell(input_size=3, hidden_size=5, depth=4)
        >>> cell.weight_hh.shape  # layers, candidate and gate, from
        torch.Size([4, 10, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, depth: int = 3, transform_bias: float = -2.0):
        super().__init__(input_size, hidden_size)
        check_size("depth", depth)
        check_number("transform_bias", transform_bias)
        self.depth = depth
        self.transform_bias = transform_bias
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(depth, 2 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(depth, 2 * hidden_size))
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        from_input = linear(input, self.weight_ih)
        for layer, (weight, bias) in enumerate(zip(self.weight_hh, self.bias, strict=True)):
            product = linear(state, weight, bias)
            candidate, gate = (product if layer else product + from_input).chunk(2, dim=-1)
            gate = torch.sigmoid(gate)
            state = torch.tanh(candidate) * gate + state * (1 - gate)
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the biases of the gates start at `transform_bias`."""
        draw_input_weight(self.weight_ih, self.hidden_size)
        for weight in self.weight_hh:
            draw_recurrent_weight(weight, (self.hidden_size, self.hidden_size))
        nn.init.zeros_(self.bias)
        nn.init.constant_(self.bias[:, self.hidden_size :], self.transform_bias)
