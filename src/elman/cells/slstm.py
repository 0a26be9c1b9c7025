"""The scalar LSTM of xLSTM, with exponential gates."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, logsigmoid

from elman.cells.base import Cell
from elman.cells.options import check_choice, check_flag, check_number, check_size
from elman.cells.weights import draw_input_weight
from elman.errors import OptionError

LOWEST = -1e30  # stands for the logarithm of 0: it is finite, and exp of it is 0


class SLSTMCell(Cell):
    """The LSTM with exponential gates: one input can outweigh all that was written before.

    Use it where a stored value must be revised when a better one comes. A normaliser n divides the cell
    state by the sum of the weights it was written with; a stabiliser m keeps the exponentials in range, and
    changes no output.

    Equations:
        [W_i; W_f; W_z; W_o] = weight_ih
        [R_i; R_f; R_z; R_o] = weight_hh
        [b_i; b_f; b_z; b_o] = bias
        (1) log_i_t = W_i x_t + R_i h_{t-1} + b_i
        (2) log_f_t = log_sigmoid(W_f x_t + R_f h_{t-1} + b_f)    if forget_gate="sigmoid"
        (2) log_f_t = W_f x_t + R_f h_{t-1} + b_f    if forget_gate="exp"
        (3) z_t = tanh(W_z x_t + R_z h_{t-1} + b_z)
        (4) o_t = sigmoid(W_o x_t + R_o h_{t-1} + b_o)
        (5) m_t = max(log_f_t + m_{t-1}, log_i_t)
        (6) i_t = exp(log_i_t - m_t)
        (7) f_t = exp(log_f_t + m_{t-1} - m_t)
        (8) c_t = f_t * c_{t-1} + i_t * z_t
        (9) n_t = f_t * n_{t-1} + i_t
        (10) h_t = o_t * c_t / n_t
        returns h_t, (h_t, c_t, n_t, m_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        num_heads: Number of heads; H must be a multiple of it. Units hear those of their own head alone: the
            recurrent weights are block-diagonal.
        forget_gate: "sigmoid" or "exp".
        forget_bias: The value b_f starts at.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, I). state: (h, c, n, m), each (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal, or H is no multiple of the heads.

    Reference:
        M. Beck, K. Pöppel, M. Spanring, A. Auer, O. Prudnikova, M. Kopp, G. Klambauer, J. Brandstetter,
        S. Hochreiter (2024), "xLSTM: extended long short-term memory", NeurIPS.

    Differs from the paper:
        m starts at -1e30, the logarithm of a weight of nothing, so that n is at least 1 after the first step.
        The convolution before the cell and the norm after it belong to the paper's block, not to the cell.

    Example:
        >>> cell = SLSTMCell(input_size=3, hidden_size=6, num_heads=2)
        >>> cell.weight_hh.shape  # gates, heads, to, from
        torch.Size([4, 2, 3, 3])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        num_heads: int = 1,
        forget_gate: str = "sigmoid",
        forget_bias: float = 1.0,
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        check_size("num_heads", num_heads)
        check_choice("forget_gate", forget_gate, ("sigmoid", "exp"))
        check_number("forget_bias", forget_bias)
        check_flag("bias", bias)
        if hidden_size % num_heads:
            raise OptionError(
                f"`hidden_size` must be a multiple of num_heads={num_heads}, but it is {hidden_size}."
            )
        self.num_heads = num_heads
        self.forget_gate = forget_gate
        self.forget_bias = forget_bias
        size = hidden_size // num_heads
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(4, num_heads, size, size))
        self.register_parameter("bias", nn.Parameter(torch.empty(4 * hidden_size)) if bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Compute one time step."""
        hidden, memory, weight, level = state
        gates = linear(input, self.weight_ih, self.bias) + self._from_hidden(hidden)
        log_input, log_forget, candidate, output_gate = gates.chunk(4, dim=-1)
        if self.forget_gate == "sigmoid":
            log_forget = logsigmoid(log_forget)
        kept = log_forget + level
        level = torch.maximum(kept, log_input)
        input_gate, forget_gate = torch.exp(log_input - level), torch.exp(kept - level)
        memory = forget_gate * memory + input_gate * torch.tanh(candidate)
        weight = forget_gate * weight + input_gate
        hidden = torch.sigmoid(output_gate) * memory / weight
        return hidden, (hidden, memory, weight, level)

    def initial_state(self, batch_size: int) -> tuple[Tensor, ...]:
        """Return the fresh state (h, c, n, m) of `batch_size` sequences: zeros, and m as low as can be."""
        hidden, memory, weight, level = (self.zeros(batch_size, self.hidden_size) for _ in range(4))
        return hidden, memory, weight, level + LOWEST

    def reset_parameters(self) -> None:
        """Draw the parameters anew: as of an LSTM, each head's recurrent weights orthogonal."""
        draw_input_weight(self.weight_ih, self.hidden_size)
        for block in self.weight_hh.detach().flatten(0, 1):
            nn.init.orthogonal_(block)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
            nn.init.constant_(self.bias.chunk(4)[1], self.forget_bias)

    def _from_hidden(self, hidden: Tensor) -> Tensor:
        """Return R h of all gates, side by side."""
        if self.num_heads == 1:
            return linear(hidden, self.weight_hh.flatten(0, 2))
        heads = hidden.unflatten(-1, (self.num_heads, -1))
        parts = [torch.einsum("nhk,hmk->nhm", heads, gate) for gate in self.weight_hh]
        return torch.cat([part.flatten(1) for part in parts], dim=-1)
