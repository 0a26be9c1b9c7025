"""The quasi-recurrent network: gates from a window of inputs, and a state that only pools."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import check_choice, check_flag, check_size
from elman.cells.weights import draw_input_weight

NUM_GATES = {"f": 2, "fo": 3, "ifo": 4}


class QRNNCell(Cell):
    """The quasi-recurrent cell: a convolution over time gives gates and candidate, which no state enters.

    Use it where short patterns matter, as in text and sensor data: the window sees them at once, and the
    gates decide what stays. The window is part of the state, so sequences in pieces, resets and streams
    see the same one as a whole sequence. All products are of the input alone.

    Equations:
        [W: num_rows; V] = weight_ih
        [b] = bias
        (1) a_t = W x_t + b + p_{t-1}[:num_rows]
        (2) p_t = V x_t + shift(p_{t-1}, num_rows)
        [z; f] = a_t    if pooling="f"
        [z; f; o] = a_t    if pooling="fo"
        [z; f; o; i] = a_t    if pooling="ifo"
        (3) c_t = sigmoid(f) * c_{t-1} + (1 - sigmoid(f)) * tanh(z)    if pooling="f"
        (4) c_t = sigmoid(f) * c_{t-1} + (1 - sigmoid(f)) * tanh(z)    if pooling="fo"
        (5) c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(z)    if pooling="ifo"
        (3) h_t = c_t    if pooling="f"
        (4) h_t = sigmoid(o) * c_t    if pooling="fo"
        (5) h_t = sigmoid(o) * c_t    if pooling="ifo"
        returns h_t, (c_t, p_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        window: Number of time steps K that the gates see, the current one among them. Before the first step
            they see zeros.
        pooling: "f", a forget gate; "fo", an output gate, too; "ifo", an input gate of its own, too. G is
            the number of gates and the candidate: 2, 3 or 4.
        bias: Whether b is there.

    Shape:
        input: (N, I). state: (c, p) of (N, H) and (N, (K - 1) G H), or c alone with `window=1`.
        output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        J. Bradbury, S. Merity, C. Xiong, R. Socher (2017), "Quasi-recurrent neural networks", ICLR.

    Differs from the paper:
        The paper's convolution, the sum of K products, is added up as the inputs come: p is what those so
        far give to the next K - 1 steps, the next one first; shift leaves out what has been given.
        `weight_ih` holds the part for the current input, then for the one before, and so on. There are
        biases, at zero to begin with; weights start uniform in ±1/sqrt(H). The paper leaves both open. Its
        zoneout is the wrapper `Zoneout`.

    Example:
        >>> cell = QRNNCell(input_size=3, hidden_size=5, window=2)
        >>> output, (memory, past) = cell(torch.ones(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape, past.shape
        (torch.Size([2, 5]), torch.Size([2, 15]))
    """

    bias: nn.Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, *, window: int = 2, pooling: str = "fo", bias: bool = True
    ):
        super().__init__(input_size, hidden_size)
        check_size("window", window)
        check_choice("pooling", pooling, NUM_GATES)
        check_flag("bias", bias)
        self.window = window
        self.pooling = pooling
        self.num_rows = NUM_GATES[pooling] * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(window * self.num_rows, input_size))
        self.register_parameter("bias", nn.Parameter(torch.empty(self.num_rows)) if bias else None)
        self.reset_parameters()

    def forward(
        self, input: Tensor, state: Tensor | tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor]]:
        """Compute one time step."""
        sums = linear(input, self.weight_ih)
        if isinstance(state, Tensor):
            return self._pool(sums, state)
        memory, past = state
        output, memory = self._pool(sums[:, : self.num_rows] + past[:, : self.num_rows], memory)
        return output, (memory, self._later(sums[:, self.num_rows :], past))

    def initial_state(self, batch_size: int) -> Tensor | tuple[Tensor, Tensor]:
        """Return the fresh state (c, p) of `batch_size` sequences: zeros."""
        memory = self.zeros(batch_size, self.hidden_size)
        if self.window == 1:
            return memory
        return memory, self.zeros(batch_size, (self.window - 1) * self.num_rows)

    def _pool(self, gates: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the output and the new c."""
        gates = gates if self.bias is None else gates + self.bias
        candidate, forget, *others = gates.split(self.hidden_size, dim=-1)
        forget = torch.sigmoid(forget)
        write = torch.sigmoid(others[1]) if self.pooling == "ifo" else 1 - forget
        memory = forget * memory + write * torch.tanh(candidate)
        return torch.sigmoid(others[0]) * memory if others else memory, memory

    def _later(self, sums: Tensor, past: Tensor) -> Tensor:
        """Return the new p: what this input gives to later steps, and what those before it do."""
        if self.window == 2:
            return sums
        return torch.cat(
            [sums[:, : -self.num_rows] + past[:, self.num_rows :], sums[:, -self.num_rows :]], dim=-1
        )

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        draw_input_weight(self.weight_ih, self.hidden_size)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Add that there is no bias; `bias` is a parameter here, so its flag is not among the attributes."""
        return super().extra_repr() + ("" if self.bias is not None else ", bias=False")
