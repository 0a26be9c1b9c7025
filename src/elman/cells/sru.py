"""The simple recurrent unit: gates that see the old state of their own unit only."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_flag, check_number


class SRUCell(Cell):
    """The simple recurrent unit: a gated running mean, and a highway from the input to the output.

    Use it in deep stacks: all its products are of the input, and the highway carries gradients down through
    many layers. It is the fastest there where input and output have one size, which needs no fourth product.

    Equations:
        [W; W_f; W_r] = weight_ih
        [P] = weight_highway
        [v_f; v_r] = weight_hh
        [b_f; b_r] = bias
        (1) f_t = sigmoid(W_f x_t + v_f * c_{t-1} + b_f)
        (2) c_t = f_t * c_{t-1} + (1 - f_t) * (W x_t)
        (3) r_t = sigmoid(W_r x_t + v_r * c_{t-1} + b_r)
        (4) s_t = highway_scale * x_t    if is_projected=False
        (4) s_t = P x_t    if is_projected=True
        (5) h_t = r_t * c_t + (1 - r_t) * s_t
        returns h_t, c_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        highway_bias: The value b_r starts at. Below zero, a fresh cell mostly hands its input on; the
            paper takes down to -3 for deep stacks.
        bias: Whether the b are there; without them `highway_bias` only sets the scale of the highway.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        T. Lei, Y. Zhang, S. I. Wang, H. Dai, Y. Artzi (2018), "Simple recurrent units for highly
        parallelizable recurrence", EMNLP.

    Differs from the paper:
        Where I and H differ, the highway carries P x_t, as in the authors' code. Initialisation is the
        paper's: weights of variance 1/I; `highway_scale` is sqrt(1 + 2 exp(highway_bias)), which keeps the
        variance from layer to layer, and is part of P where there is one. As in the authors' code, v has
        variance 1/2 and the weights of the gates 1/(2 I).

    Example:
        >>> cell = SRUCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    bias: nn.Parameter | None
    weight_highway: nn.Parameter | None

    def __init__(self, input_size: int, hidden_size: int, *, highway_bias: float = 0.0, bias: bool = True):
        super().__init__(input_size, hidden_size)
        check_number("highway_bias", highway_bias)
        check_flag("bias", bias)
        self.highway_bias = highway_bias
        self.highway_scale = math.sqrt(1 + 2 * math.exp(highway_bias))
        self.is_projected = input_size != hidden_size
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size))
        projection = nn.Parameter(torch.empty(hidden_size, input_size)) if self.is_projected else None
        self.register_parameter("weight_highway", projection)
        self.register_parameter("bias", nn.Parameter(torch.empty(2 * hidden_size)) if bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        candidate, gates = linear(input, self.weight_ih).split([self.hidden_size, 2 * self.hidden_size], -1)
        gates = gates if self.bias is None else gates + self.bias
        forget_gate, reset_gate = gates.chunk(2, dim=-1)
        forget_weight, reset_weight = self.weight_hh.chunk(2)
        forget = torch.sigmoid(forget_gate + forget_weight * state)
        reset = torch.sigmoid(reset_gate + reset_weight * state)
        state = forget * state + (1 - forget) * candidate
        return reset * state + (1 - reset) * self._highway(input), state

    def _highway(self, input: Tensor) -> Tensor:
        if self.weight_highway is None:
            return self.highway_scale * input
        return linear(input, self.weight_highway)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the reset gate starts at `highway_bias`."""
        bound = math.sqrt(3 / self.input_size)
        nn.init.uniform_(self.weight_ih, -bound, bound)
        with torch.no_grad():
            self.weight_ih[self.hidden_size :].mul_(math.sqrt(0.5))
        nn.init.uniform_(self.weight_hh, -math.sqrt(1.5), math.sqrt(1.5))
        if self.weight_highway is not None:
            nn.init.uniform_(self.weight_highway, -bound * self.highway_scale, bound * self.highway_scale)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
            nn.init.constant_(self.bias[self.hidden_size :], self.highway_bias)

    def extra_repr(self) -> str:
        """Add that there is no bias; `bias` is a parameter here, so its flag is not among the attributes."""
        return super().extra_repr() + ("" if self.bias is not None else ", bias=False")
