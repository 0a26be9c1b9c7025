"""The LSTM with a recurrent projection."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_number, check_size
from elman.cells.weights import GateWeights, draw_input_weight


class ProjectionLSTMCell(GateWeights, Cell):
    """The LSTM whose hidden state is projected to fewer features before it is fed back and given out.

    Use it for a large memory at a low price: H cells, but recurrent weights for P features alone. It is
    `torch.nn.LSTM` with `proj_size`.

    Equations:
        [W_i; W_f; W_g; W_o] = weight_ih
        [U_i; U_f; U_g; U_o] = weight_hh
        [b_i; b_f; b_g; b_o] = bias
        [W_r] = weight_hr
        (1) i_t = sigmoid(W_i x_t + U_i r_{t-1} + b_i)
        (2) f_t = sigmoid(W_f x_t + U_f r_{t-1} + b_f)
        (3) g_t = tanh(W_g x_t + U_g r_{t-1} + b_g)
        (4) o_t = sigmoid(W_o x_t + U_o r_{t-1} + b_o)
        (5) c_t = f_t * c_{t-1} + i_t * g_t
        (6) m_t = o_t * tanh(c_t)
        (7) r_t = W_r m_t
        returns r_t, (r_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of cells, H.
        projection_size: Number of features that are fed back and given out, P; half of H if None, at least 1.
        forget_bias: The value b_f starts at.
        bias: Whether the b are there; without them `forget_bias` has no effect.
        double_bias: Whether each b is the sum of rows of `bias_ih` and `bias_hh`, as in torch.nn.

    Shape:
        input: (N, I). state: (r, c), (N, P) and (N, H). output: (N, P).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        H. Sak, A. Senior, F. Beaufays (2014), "Long short-term memory recurrent neural network architectures
        for large scale acoustic modeling", Interspeech.

    Differs from the paper:
        The gates have no peepholes, and there is no second projection that is not fed back; as in torch.nn.

    Example:
        >>> cell = ProjectionLSTMCell(input_size=3, hidden_size=5, projection_size=2)
        >>> output, (projected, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> projected.shape, memory.shape
        (torch.Size([2, 2]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        projection_size: int | None = None,
        forget_bias: float = 1.0,
        bias: bool = True,
        double_bias: bool = False,
    ):
        super().__init__(input_size, hidden_size)
        projection_size = max(hidden_size // 2, 1) if projection_size is None else projection_size
        check_size("projection_size", projection_size)
        check_number("forget_bias", forget_bias)
        self.projection_size = self.output_size = projection_size
        self.forget_bias = forget_bias
        self.weight_hr = nn.Parameter(torch.empty(projection_size, hidden_size))
        self.add_weights(input_size, hidden_size, 4, bias, double_bias, recurrent_size=projection_size)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        projected, memory = state
        gates = self.from_input(input) + self.from_hidden(projected)
        input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
        memory = torch.sigmoid(forget_gate) * memory + torch.sigmoid(input_gate) * torch.tanh(candidate)
        projected = linear(torch.sigmoid(output_gate) * torch.tanh(memory), self.weight_hr)
        return projected, (projected, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (r, c) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.projection_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gate starts at `forget_bias`."""
        super().reset_parameters()
        draw_input_weight(self.weight_hr, self.hidden_size)
        self.fill_bias(1, self.forget_bias)
