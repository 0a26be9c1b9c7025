"""The LSTM whose gates look at the cell state."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_choice, check_number
from elman.cells.weights import GateWeights

LOOKING = {"all": "ifo", "input": "i", "forget": "f", "output": "o"}


class PeepholeLSTMCell(GateWeights, Cell):
    """The LSTM with peepholes: gates see the cell state itself, not only what the output gate lets out.

    Use it where exact times and counts matter, such as events a fixed number of steps apart: a gate can then
    open when the cell state reaches a level. With peepholes of zero it is `LSTMCell`.

    Equations:
        [W_i; W_f; W_g; W_o] = weight_ih
        [U_i; U_f; U_g; U_o] = weight_hh
        [b_i; b_f; b_g; b_o] = bias
        [p_i] = weight_ci    if peephole="diagonal"
        [p_f] = weight_cf    if peephole="diagonal"
        [p_o] = weight_co    if peephole="diagonal"
        [P_i] = weight_ci    if peephole="full"
        [P_f] = weight_cf    if peephole="full"
        [P_o] = weight_co    if peephole="full"
        (1) i_t = sigmoid(W_i x_t + U_i h_{t-1} + p_i * c_{t-1} + b_i)    if peephole="diagonal"
        (1) i_t = sigmoid(W_i x_t + U_i h_{t-1} + P_i c_{t-1} + b_i)    if peephole="full"
        (2) f_t = sigmoid(W_f x_t + U_f h_{t-1} + p_f * c_{t-1} + b_f)    if peephole="diagonal"
        (2) f_t = sigmoid(W_f x_t + U_f h_{t-1} + P_f c_{t-1} + b_f)    if peephole="full"
        (3) g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
        (4) c_t = f_t * c_{t-1} + i_t * g_t
        (5) o_t = sigmoid(W_o x_t + U_o h_{t-1} + p_o * c_t + b_o)    if peephole="diagonal"
        (5) o_t = sigmoid(W_o x_t + U_o h_{t-1} + P_o c_t + b_o)    if peephole="full"
        (6) h_t = o_t * tanh(c_t)
        returns h_t, (h_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        peephole: What a gate sees: its own cell, "diagonal", 3 H parameters; or all cells, "full", 3 H² of
            them. They start uniform in ±0.1, so that a fresh cell is close to an LSTM.
        peephole_gates: Which gates look: "all", or "input", "forget" or "output" alone.
        forget_bias: The value b_f starts at.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (h, c), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        F. A. Gers, J. Schmidhuber (2000), "Recurrent nets that time and count", IJCNN.

    Differs from the paper:
        tanh stands for the paper's squashing functions, each block has one cell, and the gradient is exact
        where the paper truncates it.

    Example:
        >>> cell = PeepholeLSTMCell(input_size=3, hidden_size=5)
        >>> cell.weight_ci.shape
        torch.Size([5])
    """

    weight_ci: nn.Parameter | None
    weight_cf: nn.Parameter | None
    weight_co: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        peephole: str = "diagonal",
        peephole_gates: str = "all",
        forget_bias: float = 1.0,
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        check_choice("peephole", peephole, ("diagonal", "full"))
        check_choice("peephole_gates", peephole_gates, LOOKING)
        check_number("forget_bias", forget_bias)
        self.peephole = peephole
        self.peephole_gates = peephole_gates
        self.forget_bias = forget_bias
        shape = (hidden_size,) * (1 if peephole == "diagonal" else 2)
        for gate in "ifo":
            looks = gate in LOOKING[peephole_gates]
            self.register_parameter(f"weight_c{gate}", nn.Parameter(torch.empty(shape)) if looks else None)
        self.add_weights(input_size, hidden_size, num_gates=4, bias=bias)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        gates = self.from_input(input) + self.from_hidden(hidden)
        input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
        input_gate = torch.sigmoid(self._look(input_gate, self.weight_ci, memory))
        forget_gate = torch.sigmoid(self._look(forget_gate, self.weight_cf, memory))
        memory = forget_gate * memory + input_gate * torch.tanh(candidate)
        hidden = torch.sigmoid(self._look(output_gate, self.weight_co, memory)) * torch.tanh(memory)
        return hidden, (hidden, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, c) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gate starts at `forget_bias`."""
        super().reset_parameters()
        self.fill_bias(1, self.forget_bias)
        for peephole in (self.weight_ci, self.weight_cf, self.weight_co):
            if peephole is not None:
                nn.init.uniform_(peephole, -0.1, 0.1)

    def _look(self, gate: Tensor, peephole: Tensor | None, memory: Tensor) -> Tensor:
        if peephole is None:
            return gate
        return gate + (peephole * memory if self.peephole == "diagonal" else linear(memory, peephole))
