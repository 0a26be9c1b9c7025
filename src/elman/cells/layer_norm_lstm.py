"""The LSTM with layer normalisation."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.normalise import normalise
from elman.cells.options import check_number
from elman.cells.weights import GateWeights


class LayerNormLSTMCell(GateWeights, Cell):
    """The LSTM with layer normalisation of what enters its gates, and of the cell state it shows.

    Use it where the scale of inputs or weights drifts, or for higher learning rates than a plain LSTM
    takes: each product is brought to mean 0 and variance 1 over its features, in each time step anew.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [s_x] = gain_ih
        [s_h] = gain_hh
        [s_c] = gain_c
        [b] = bias
        [b_c] = bias_c
        (1) a_t = layer_norm(W x_t, s_x) + layer_norm(U h_{t-1}, s_h) + b
        (2) [i_t; f_t; g_t; o_t] = a_t
        (3) c_t = sigmoid(f_t) * c_{t-1} + sigmoid(i_t) * tanh(g_t)
        (4) h_t = sigmoid(o_t) * tanh(layer_norm(c_t, s_c, b_c))
        returns h_t, (h_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        forget_bias: The part of b that belongs to f starts at it.
        recurrent_gain: The value s_h starts at. Below 1 a fresh cell forgets small differences between
            states; at 1 it is chaotic and makes them grow.
        bias: Whether b and b_c are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (h, c), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        J. L. Ba, J. R. Kiros, G. E. Hinton (2016), "Layer normalization", arXiv:1607.06450.

    Differs from the paper:
        The paper adds a shift to each of the two normalised products, and b to their sum; b alone stands for
        the three. The paper's gains start at 1, those of the recurrent product, too. The product of a single
        number is not normalised, nor is c where H is 1 or 2: no more than signs would be left.

    Example:
        >>> cell = LayerNormLSTMCell(input_size=3, hidden_size=5)
        >>> output, (hidden, memory) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> memory.shape
        torch.Size([2, 5])
    """

    bias_c: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        recurrent_gain: float = 0.25,
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        check_number("forget_bias", forget_bias)
        check_number("recurrent_gain", recurrent_gain)
        self.forget_bias = forget_bias
        self.recurrent_gain = recurrent_gain
        self.gain_ih = nn.Parameter(torch.empty(4 * hidden_size))
        self.gain_hh = nn.Parameter(torch.empty(4 * hidden_size))
        self.gain_c = nn.Parameter(torch.empty(hidden_size))
        self.register_parameter("bias_c", nn.Parameter(torch.empty(hidden_size)) if bias else None)
        self.add_weights(input_size, hidden_size, num_gates=4, bias=bias)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        gates = self._normalise(input, self.weight_ih, self.gain_ih, self.bias)
        gates = gates + self._normalise(hidden, self.weight_hh, self.gain_hh)
        input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
        memory = torch.sigmoid(forget_gate) * memory + torch.sigmoid(input_gate) * torch.tanh(candidate)
        shown = normalise(memory, self.gain_c, self.bias_c, num_sources=self.hidden_size)
        hidden = torch.sigmoid(output_gate) * torch.tanh(shown)
        return hidden, (hidden, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, c) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gate starts at `forget_bias`."""
        super().reset_parameters()
        self.fill_bias(1, self.forget_bias)
        nn.init.ones_(self.gain_ih)
        nn.init.constant_(self.gain_hh, self.recurrent_gain)
        nn.init.ones_(self.gain_c)
        if self.bias_c is not None:
            nn.init.zeros_(self.bias_c)

    def _normalise(self, values: Tensor, weight: Tensor, gain: Tensor, shift: Tensor | None = None) -> Tensor:
        return normalise(linear(values, weight), gain, shift, num_sources=weight.shape[1])
