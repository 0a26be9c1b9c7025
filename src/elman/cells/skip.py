"""Skip connections through time: the state of several steps ago comes back, too."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.options import brief, check_choice, check_size
from elman.cells.weights import GateWeights
from elman.errors import OptionError


class SkipCell(GateWeights, Cell):
    """The cell with a delay: the new state is computed from the last one and from that of d steps ago.

    Use it for long dependencies without gates, and for seasons of a known length: along the delay a gradient
    takes one step where it would take d, and so vanishes d times more slowly.

    The state holds the last d hidden states, the latest first: h_{t-1}, and p_{t-1} from h_{t-2} to h_{t-d}.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [V] = weight_delayed
        [b] = bias
        (1) h_t = activation(W x_t + U h_{t-1} + V p_{t-1}[-1] + b)
        p_t = [h_{t-1}, *p_{t-1}[:-1]]
        returns h_t, (h_t, *p_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        delay: Number of steps that the connection goes back, d; at least 2.
        activation: "tanh", "relu" or "sigmoid".
        bias: Whether b is there.

    Shape:
        input: (N, I). state: d times (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        T. Lin, B. G. Horne, P. Tino, C. L. Giles (1996), "Learning long-term dependencies in NARX recurrent
        neural networks", IEEE Transactions on Neural Networks 7(6).

    Differs from the paper:
        There the outputs of several steps come back; here the hidden state of one. U and V each start as half
        an orthogonal matrix, so that together they do not lengthen a state.

    Example:
        >>> cell = SkipCell(input_size=3, hidden_size=5, delay=7)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape, len(state)
        (torch.Size([2, 5]), 7)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        delay: int = 5,
        activation: str = "tanh",
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        check_size("delay", delay)
        if delay < 2:
            raise OptionError(f"`delay` must be at least 2, but it is {brief(delay)}. Use ElmanCell for 1.")
        check_choice("activation", activation, ACTIVATIONS)
        self.delay = delay
        self.activation = activation
        self.weight_delayed = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.add_weights(input_size, hidden_size, num_gates=1, bias=bias, double_bias=False)

    def forward(self, input: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Compute one time step."""
        recurrent = self.from_hidden(state[0]) + linear(state[-1], self.weight_delayed)
        hidden = ACTIVATIONS[self.activation](self.from_input(input) + recurrent)
        return hidden, (hidden, *state[:-1])

    def initial_state(self, batch_size: int) -> tuple[Tensor, ...]:
        """Return the fresh state of `batch_size` sequences: d times zeros."""
        return tuple(self.zeros(batch_size, self.hidden_size) for _ in range(self.delay))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        super().reset_parameters()
        nn.init.orthogonal_(self.weight_delayed, gain=0.5)
        with torch.no_grad():
            self.weight_hh.mul_(0.5)
