"""The gated recurrent unit, in the four forms found in the literature."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_choice
from elman.cells.weights import GateWeights


class GRUCell(GateWeights, Cell):
    """The gated recurrent unit: one update gate moves the state from its old value to a candidate.

    Use it as an LSTM with three quarters of the parameters and half of the state. Sources disagree on two
    points, so both are options; the defaults are those of torch.nn.

    Equations:
        [W_r; W_z; W_n] = weight_ih
        [U_r; U_z; U_n] = weight_hh
        [b_r; b_z; b_n] = bias
        (5) r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r)
        (6) z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z)
        (8) n_t = tanh(W_n x_t + r_t * (U_n h_{t-1}) + b_n)    if reset_gate="after_product"
        (8) n_t = tanh(W_n x_t + U_n (r_t * h_{t-1}) + b_n)    if reset_gate="before_product"
        (7) h_t = z_t * h_{t-1} + (1 - z_t) * n_t    if update_gate="keeps"
        (7) h_t = (1 - z_t) * h_{t-1} + z_t * n_t    if update_gate="writes"
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        update_gate: What an update gate of 1 does: it "keeps" the old state, or "writes" the candidate.
        reset_gate: Whether r scales U_n h, "after_product", or h, "before_product".
        bias: Whether the b are there.
        double_bias: Whether each b is the sum of rows of `bias_ih` and `bias_hh`, as in torch.nn; the second
            bias of n is inside the factor that r scales after the product.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        K. Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder for statistical
        machine translation", EMNLP.

    Differs from the paper:
        The paper has `reset_gate="before_product"` and `bias=False`. `update_gate="writes"` is the form of
        J. Chung et al. (2014), "Empirical evaluation of gated recurrent neural networks on sequence
        modeling", arXiv:1412.3555.

    Example:
        >>> cell = GRUCell(input_size=3, hidden_size=5, reset_gate="before_product")
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
        reset_gate: str = "after_product",
        bias: bool = True,
        double_bias: bool = False,
    ):
        super().__init__(input_size, hidden_size)
        check_choice("update_gate", update_gate, ("keeps", "writes"))
        check_choice("reset_gate", reset_gate, ("after_product", "before_product"))
        self.update_gate = update_gate
        self.reset_gate = reset_gate
        self.add_weights(input_size, hidden_size, num_gates=3, bias=bias, double_bias=double_bias)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        if self.reset_gate == "after_product":
            update, candidate = self._reset_after_product(input, state)
        else:
            update, candidate = self._reset_before_product(input, state)
        if self.update_gate == "keeps":
            state = update * state + (1 - update) * candidate
        else:
            state = (1 - update) * state + update * candidate
        return state, state

    def _reset_after_product(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        reset_input, update_input, candidate_input = self.from_input(input).chunk(3, dim=-1)
        reset_hidden, update_hidden, candidate_hidden = self.from_hidden(state).chunk(3, dim=-1)
        reset = torch.sigmoid(reset_input + reset_hidden)
        update = torch.sigmoid(update_input + update_hidden)
        return update, torch.tanh(candidate_input + reset * candidate_hidden)

    def _reset_before_product(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        gates_input, candidate_input = self._split(self.from_input(input), dim=-1)
        gates_weight, candidate_weight = self._split(self.weight_hh)
        gates_bias, candidate_bias = (None, None) if self.bias_hh is None else self._split(self.bias_hh)
        gates = torch.sigmoid(gates_input + linear(state, gates_weight, gates_bias))
        reset, update = gates.chunk(2, dim=-1)
        return update, torch.tanh(candidate_input + linear(reset * state, candidate_weight, candidate_bias))

    def _split(self, stacked: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
        return stacked.split([2 * self.hidden_size, self.hidden_size], dim)
