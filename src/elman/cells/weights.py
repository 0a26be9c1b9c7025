"""The affine maps inside a cell: W x + U h + b for one gate, or for several stacked as in torch.nn."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.options import check_flag, check_size
from elman.errors import OptionError


def draw_input_weight(weight: Tensor, hidden_size: int) -> None:
    """Draw a weight uniform in ±1/sqrt(H), as torch.nn does.

    Args:
        weight: What is written to.
        hidden_size: Number of hidden units, H.

    Shape:
        weight: any.
    """
    bound = 1 / math.sqrt(hidden_size)
    nn.init.uniform_(weight, -bound, bound)


def draw_recurrent_weight(weight: Tensor, sizes: Sequence[int]) -> None:
    """Draw each gate's part of a recurrent weight orthogonal.

    Args:
        weight: What is written to; the gates are stacked by rows.
        sizes: Rows of each gate.

    Shape:
        weight: (sum of sizes, H).
    """
    for gate in weight.detach().split(sizes):
        nn.init.orthogonal_(gate)


class GateWeights(nn.Module):
    """The parameters of one or more gates, stacked by rows under torch's names; mixed into a cell.

    One product then serves all gates. Each gate has one bias vector, as in the papers, or two as in torch.nn;
    with two, the state dictionary is that of `torch.nn.LSTMCell` and its like.

    Input weights start uniform in ±1/sqrt(H) as in torch.nn. Each gate's recurrent weights start orthogonal,
    which keeps the length of a vector however often they are applied. Biases start at zero.
    """

    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias: nn.Parameter | None
    bias_ih: nn.Parameter | None
    bias_hh: nn.Parameter | None

    def add_weights(
        self,
        input_size: int,
        hidden_size: int,
        num_gates: int,
        bias: bool,
        double_bias: bool = False,
        *,
        gate_sizes: Sequence[int] | None = None,
        recurrent_size: int | None = None,
    ) -> None:
        """Create the parameters and draw their first values.

        Args:
            input_size: Number of features of the input, I.
            hidden_size: Number of hidden units, H.
            num_gates: Number of gates.
            bias: Whether there is any.
            double_bias: Whether there are two of each, as in torch.nn.
            gate_sizes: Rows of each gate; H if None.
            recurrent_size: Number of features that are fed back; H if None.

        Raises:
            OptionError: A size is not a positive integer, a flag is not a bool, or `double_bias` is asked
                for without `bias`.
        """
        for name, size in {"input_size": input_size, "hidden_size": hidden_size}.items():
            check_size(name, size)
        for name, flag in {"bias": bias, "double_bias": double_bias}.items():
            check_flag(name, flag)
        if double_bias and not bias:
            raise OptionError("`double_bias=True` needs `bias=True`, but `bias` is False.")
        self.double_bias = double_bias
        self.gate_sizes = tuple(gate_sizes or (hidden_size,) * num_gates)
        rows = sum(self.gate_sizes)
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, recurrent_size or hidden_size))
        present = {"bias": bias and not double_bias, "bias_ih": double_bias, "bias_hh": double_bias}
        for name, wanted in present.items():
            self.register_parameter(name, nn.Parameter(torch.empty(rows)) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        draw_input_weight(self.weight_ih, max(self.gate_sizes))
        draw_recurrent_weight(self.weight_hh, self.gate_sizes)
        for bias in (self.bias, self.bias_ih, self.bias_hh):
            if bias is not None:
                nn.init.zeros_(bias)

    def fill_bias(self, gate: int, value: float) -> None:
        """Set the bias of one gate, the first of the two where there are two; nothing where there is none."""
        bias = self.bias_ih if self.double_bias else self.bias
        if bias is not None:
            nn.init.constant_(bias.split(self.gate_sizes)[gate], value)

    def from_input(self, input: Tensor) -> Tensor:
        """Return W x + b of all gates, side by side."""
        return linear(input, self.weight_ih, self.bias_ih if self.double_bias else self.bias)

    def from_hidden(self, hidden: Tensor) -> Tensor:
        """Return U h of all gates, side by side, plus the second bias where there are two."""
        return linear(hidden, self.weight_hh, self.bias_hh)

    def extra_repr(self) -> str:
        """Add that there is no bias; `bias` is a parameter here, so its flag is not among the attributes."""
        has_bias = self.double_bias or self.bias is not None
        return super().extra_repr() + ("" if has_bias else ", bias=False")


class Gate(GateWeights):
    """The affine part of one gate; the cell applies the activation.

    Use it to write a cell of your own as its paper does.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [b] = bias
        (1) a_t = W x_t + U h_{t-1} + b
        returns a_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        bias: Whether b is there.
        double_bias: Whether b is the sum of `bias_ih` and `bias_hh`, as in torch.nn.

    Shape:
        input: (N, I). hidden: (N, H). Returns: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Example:
        >>> gate = Gate(input_size=3, hidden_size=5)
        >>> torch.sigmoid(gate(torch.zeros(2, 3), torch.zeros(2, 5))).shape
        torch.Size([2, 5])
    """

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True, double_bias: bool = False):
        super().__init__()
        self.add_weights(input_size, hidden_size, num_gates=1, bias=bias, double_bias=double_bias)

    def forward(self, input: Tensor, hidden: Tensor) -> Tensor:
        """Return W x + U h + b."""
        return self.from_input(input) + self.from_hidden(hidden)

    def extra_repr(self) -> str:
        """Name the sizes before the options."""
        hidden_size, input_size = self.weight_ih.shape
        return f"{input_size}, {hidden_size}{super().extra_repr()}"
