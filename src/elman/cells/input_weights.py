"""W x + b, for cells whose recurrent part is not `GateWeights`' square matrices."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.options import check_flag


class InputWeights(nn.Module):
    """The input weights and the biases of one or more gates, stacked by rows; mixed into a cell.

    Input weights start uniform in ±1/sqrt(H) as in torch.nn, biases at zero.
    """

    weight_ih: nn.Parameter
    bias: nn.Parameter | None

    def add_input_weights(self, input_size: int, hidden_size: int, num_gates: int, bias: bool) -> None:
        """Create the parameters; `reset_parameters` draws their first values.

        Raises:
            OptionError: `bias` is not a bool.
        """
        check_flag("bias", bias)
        self.input_bound = 1 / math.sqrt(hidden_size)
        rows = num_gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.register_parameter("bias", nn.Parameter(torch.empty(rows)) if bias else None)

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        nn.init.uniform_(self.weight_ih, -self.input_bound, self.input_bound)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def from_input(self, input: Tensor) -> Tensor:
        """Return W x + b of all gates, side by side."""
        return linear(input, self.weight_ih, self.bias)

    def extra_repr(self) -> str:
        """Add that there is no bias; `bias` is a parameter here, so its flag is not among the attributes."""
        return super().extra_repr() + ("" if self.bias is not None else ", bias=False")
