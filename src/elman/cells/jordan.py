"""The recurrent network of Jordan: what comes back is the output."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.input_weights import InputWeights
from elman.cells.options import check_choice, check_size

OUTPUT_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"identity": lambda output: output, **ACTIVATIONS}


class JordanCell(InputWeights, Cell):
    """The output-recurrent cell: the hidden units see the last output, not their own last values.

    Use it where the output is the whole state, as in control and in generating a series: given the true last
    outputs as states, all steps are trained at once, as one batch, without going back through time. It
    remembers less than an Elman cell: what the output does not tell is lost.

    Equations:
        [W] = weight_ih
        [U] = weight_context
        [b] = bias
        [V] = weight_output
        [c] = bias_output
        (1) h_t = activation(W x_t + U y_{t-1} + b)
        (2) y_t = output_activation(V h_t + c)
        returns y_t, y_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        output_size: Number of features of the output and of the state, O; None for H.
        activation: Of the hidden units: "tanh", "relu" or "sigmoid".
        output_activation: Of the output units: "identity" or one of those.
        bias: Whether b and c are there.

    Shape:
        input: (N, I). state: (N, O). output: (N, O).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        M. I. Jordan (1986), "Serial order: a parallel distributed processing approach", Institute for
        Cognitive Science Report 8604, University of California, San Diego.

    Differs from the paper:
        Its units are logistic, and its context is a decaying sum of all past outputs, where here it is the
        last one. Input weights start uniform in ±1/sqrt(H), the other two orthogonal.

    Example:
        >>> cell = JordanCell(input_size=3, hidden_size=5, output_size=2)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 2])
    """

    bias_output: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        output_size: int | None = None,
        activation: str = "tanh",
        output_activation: str = "identity",
        bias: bool = True,
    ):
        super().__init__(input_size, hidden_size)
        self.output_size = hidden_size if output_size is None else output_size
        check_size("output_size", self.output_size)
        check_choice("activation", activation, ACTIVATIONS)
        check_choice("output_activation", output_activation, OUTPUT_ACTIVATIONS)
        self.activation = activation
        self.output_activation = output_activation
        self.add_input_weights(input_size, hidden_size, num_gates=1, bias=bias)
        self.weight_context = nn.Parameter(torch.empty(hidden_size, self.output_size))
        self.weight_output = nn.Parameter(torch.empty(self.output_size, hidden_size))
        self.register_parameter("bias_output", nn.Parameter(torch.empty(self.output_size)) if bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        hidden = self.from_input(input) + linear(state, self.weight_context)
        hidden = ACTIVATIONS[self.activation](hidden)
        output = linear(hidden, self.weight_output, self.bias_output)
        output = OUTPUT_ACTIVATIONS[self.output_activation](output)
        return output, output

    def initial_state(self, batch_size: int) -> Tensor:
        """Return the fresh state of `batch_size` sequences: zeros of shape (N, O)."""
        return self.zeros(batch_size, self.output_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; biases start at zero."""
        super().reset_parameters()
        nn.init.orthogonal_(self.weight_context)
        nn.init.orthogonal_(self.weight_output)
        if self.bias_output is not None:
            nn.init.zeros_(self.bias_output)
