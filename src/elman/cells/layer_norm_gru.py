"""The gated recurrent unit with layer normalisation."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.normalise import normalise
from elman.cells.options import check_choice, check_number
from elman.cells.weights import GateWeights


class LayerNormGRUCell(GateWeights, Cell):
    """The gated recurrent unit with layer normalisation of all that enters its gates and its candidate.

    Use it where the scale of inputs or weights drifts, or for higher learning rates than a plain GRU takes.

    Equations:
        [W_g: 2 * hidden_size; W_n] = weight_ih
        [U_g: 2 * hidden_size; U_n] = weight_hh
        [s_g: 2 * hidden_size; s_n] = gain_ih
        [v_g: 2 * hidden_size; v_n] = gain_hh
        [b_g: 2 * hidden_size; b_n] = bias
        (1) a_t = layer_norm(W_g x_t, s_g) + layer_norm(U_g h_{t-1}, v_g) + b_g
        (2) [r_t; z_t] = a_t
        (3) n_t = tanh(layer_norm(W_n x_t, s_n) + b_n + sigmoid(r_t) * layer_norm(U_n h_{t-1}, v_n))
        (4) h_t = sigmoid(z_t) * h_{t-1} + (1 - sigmoid(z_t)) * n_t    if update_gate="keeps"
        (4) h_t = (1 - sigmoid(z_t)) * h_{t-1} + sigmoid(z_t) * n_t    if update_gate="writes"
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        update_gate: What an update gate of 1 does: it "keeps" the old state, or "writes" the candidate.
        recurrent_gain: The value v starts at. Below 1 a fresh cell forgets small differences between states.
        bias: Whether the b are there.
        double_bias: Whether there are two of each, `bias_ih` and `bias_hh`, one for each normalised product;
            that of U_n h is inside the factor that r scales.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        J. L. Ba, J. R. Kiros, G. E. Hinton (2016), "Layer normalization", arXiv:1607.06450.

    Differs from the paper:
        The paper has `update_gate="writes"` and `double_bias=True`, and its gains start at 1, those of the
        recurrent products, too. Products of a single number are not normalised, nor is what enters the
        candidate where H is 2: no more than signs would be left.

    Example:
        >>> cell = LayerNormGRUCell(input_size=3, hidden_size=5)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        update_gate: str = "keeps",
        recurrent_gain: float = 0.25,
        bias: bool = True,
        double_bias: bool = False,
    ):
        super().__init__(input_size, hidden_size)
        check_choice("update_gate", update_gate, ("keeps", "writes"))
        check_number("recurrent_gain", recurrent_gain)
        self.update_gate = update_gate
        self.recurrent_gain = recurrent_gain
        self.gain_ih = nn.Parameter(torch.empty(3 * hidden_size))
        self.gain_hh = nn.Parameter(torch.empty(3 * hidden_size))
        self.add_weights(input_size, hidden_size, 3, bias, double_bias)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        bias = self.bias_ih if self.double_bias else self.bias
        gates_input, candidate_input = self._normalise(input, self.weight_ih, self.gain_ih, bias)
        gates_hidden, candidate_hidden = self._normalise(state, self.weight_hh, self.gain_hh, self.bias_hh)
        reset, update = torch.sigmoid(gates_input + gates_hidden).chunk(2, dim=-1)
        candidate = torch.tanh(candidate_input + reset * candidate_hidden)
        if self.update_gate == "keeps":
            state = update * state + (1 - update) * candidate
        else:
            state = (1 - update) * state + update * candidate
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the gains of the recurrent product start at `recurrent_gain`."""
        super().reset_parameters()
        nn.init.ones_(self.gain_ih)
        nn.init.constant_(self.gain_hh, self.recurrent_gain)

    def _normalise(
        self, values: Tensor, weight: Tensor, gain: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, ...]:
        """Return the normalised products of both gates together, and of the candidate."""
        sizes = [2 * self.hidden_size, self.hidden_size]
        shifts = (None, None) if bias is None else bias.split(sizes)
        products = linear(values, weight).split(sizes, dim=-1)
        parts = zip(products, gain.split(sizes), shifts, strict=True)
        return tuple([normalise(*part, num_sources=weight.shape[1]) for part in parts])
