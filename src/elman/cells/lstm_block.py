"""LSTM memory blocks: several cells that share one set of gates."""

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import check_number, check_size
from elman.cells.weights import GateWeights
from elman.errors import OptionError


class LSTMBlockCell(GateWeights, Cell):
    """The LSTM of memory blocks: several cells share one input gate, one forget gate and one output gate.

    Use it as an LSTM with fewer parameters: of B blocks with C cells each, the gates have B rows, not B C.
    With one cell in each block it is `LSTMCell`, parameter by parameter.

    Equations:
        [W_i: num_blocks; W_f: num_blocks; W_g; W_o: num_blocks] = weight_ih
        [U_i: num_blocks; U_f: num_blocks; U_g; U_o: num_blocks] = weight_hh
        [b_i: num_blocks; b_f: num_blocks; b_g; b_o: num_blocks] = bias
        (1) i_t = repeat(sigmoid(W_i x_t + U_i h_{t-1} + b_i), cells_per_block)
        (2) f_t = repeat(sigmoid(W_f x_t + U_f h_{t-1} + b_f), cells_per_block)
        (3) g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
        (4) o_t = repeat(sigmoid(W_o x_t + U_o h_{t-1} + b_o), cells_per_block)
        (5) c_t = f_t * c_{t-1} + i_t * g_t
        (6) h_t = o_t * tanh(c_t)
        returns h_t, (h_t, c_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of cells in all blocks together, H; the cells of a block are neighbours.
        cells_per_block: Number of cells that share a set of gates, C; H must be a multiple of it.
        forget_bias: The value b_f starts at.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (h, c), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal, or H is no multiple of C.

    Reference:
        S. Hochreiter, J. Schmidhuber (1997), "Long short-term memory", Neural Computation 9(8); with the
        forget gate of F. A. Gers, J. Schmidhuber, F. Cummins (2000), "Learning to forget: continual
        prediction with LSTM", Neural Computation 12(10).

    Differs from the paper:
        tanh stands for the papers' scaled logistic functions, and the gradient is exact where the papers
        truncate it.

    Example:
        >>> cell = LSTMBlockCell(input_size=10, hidden_size=32, cells_per_block=4)
        >>> sum(parameter.numel() for parameter in cell.parameters())
        2408
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        cells_per_block: int = 1,
        forget_bias: float = 1.0,
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        check_size("cells_per_block", cells_per_block)
        check_number("forget_bias", forget_bias)
        if hidden_size % cells_per_block:
            raise OptionError(
                f"`hidden_size` must be a multiple of cells_per_block={cells_per_block}, but it is "
                f"{hidden_size}; it counts the cells of all blocks together."
            )
        self.cells_per_block = cells_per_block
        self.num_blocks = hidden_size // cells_per_block
        self.forget_bias = forget_bias
        sizes = (self.num_blocks, self.num_blocks, hidden_size, self.num_blocks)
        self.add_weights(input_size, hidden_size, num_gates=4, bias=bias, gate_sizes=sizes)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, memory = state
        gates = self.from_input(input) + self.from_hidden(hidden)
        input_gate, forget_gate, candidate, output_gate = gates.split(self.gate_sizes, dim=-1)
        memory = self._share(forget_gate) * memory + self._share(input_gate) * torch.tanh(candidate)
        hidden = self._share(output_gate) * torch.tanh(memory)
        return hidden, (hidden, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, c) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gates starts at `forget_bias`."""
        super().reset_parameters()
        self.fill_bias(1, self.forget_bias)

    def _share(self, gate: Tensor) -> Tensor:
        """Give each cell the gate of its block: (N, B) -> (N, B C)."""
        return torch.sigmoid(gate.unsqueeze(-1).expand(-1, -1, self.cells_per_block).flatten(1))
