"""Layer norm of what goes into a cell."""

from typing import Any

from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.options import brief, check_number
from elman.cells.wrappers.wrapper import Wrapper
from elman.errors import OptionError


class LayerNormInput(Wrapper):
    """Gives the cell inputs of mean 0 and variance 1 over their features, scaled and shifted.

    Use it between the layers of a deep stack. All of it is done before the loop over time.

    Equations:
        (1) s_t = cell(gain * (x_t - mean(x_t)) / sqrt(var(x_t) + eps) + shift, s_{t-1})

    Args:
        cell: What is wrapped.
        eps: Added to the variance.
        affine: Whether gain and shift are there, learned, and 1 and 0 to begin with.

    Shape:
        input: (N, I). state: as of the cell. steps: a time step's part of `step_inputs`.
        output: (N, output_size).

    Raises:
        OptionError: There is one feature alone, whose norm is always 0; or an option is not legal.
        DtypeError: `cell` is not a `Cell`.

    Reference:
        J. L. Ba, J. R. Kiros, G. E. Hinton (2016), "Layer normalization", arXiv:1607.06450.

    Differs from the paper:
        The paper norms the products inside the cell, too; `LayerNormLSTMCell` and `LayerNormGRUCell` do.

    Example:
        >>> from elman.cells import GRUCell
        >>> cell = LayerNormInput(GRUCell(3, 5))
        >>> [name for name, _ in cell.named_parameters()][-2:]
        ['norm.weight', 'norm.bias']
    """

    def __init__(self, cell: Cell, *, eps: float = 1e-5, affine: bool = True):
        super().__init__(cell)
        check_number("eps", eps)
        if eps <= 0:
            raise OptionError(f"`eps` must be positive, but it is {brief(eps)}.")
        if cell.input_size == 1:
            raise OptionError(
                "`cell` must have an input_size of 2 or more: the layer norm of one feature is always 0."
            )
        self.eps = eps
        self.affine = affine
        self.norm = nn.LayerNorm(cell.input_size, eps=eps, elementwise_affine=affine)

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        return self.cell(self.norm(input), state, **self.inner(steps))
