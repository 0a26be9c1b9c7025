"""A residual connection around a cell."""

from typing import Any

from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.wrappers.wrapper import Wrapper


class Residual(Wrapper):
    """Adds the input to the output of the cell; where their sizes differ, a linear map of the input.

    Use it from the second layer of a deep stack on: each layer then learns what to add to the one below, and
    gradients pass it unchanged. The state is the cell's own.

    Equations:
        (1) y_t = cell(x_t, s_{t-1}) + x_t    if the sizes of input and output are equal
        (1) y_t = cell(x_t, s_{t-1}) + W x_t    otherwise

    Args:
        cell: What is wrapped.

    Shape:
        input: (N, I). state: as of the cell. steps: a time step's part of `step_inputs`.
        output: (N, output_size).

    Raises:
        DtypeError: `cell` is not a `Cell`.

    Reference:
        Y. Wu et al. (2016), "Google's neural machine translation system", arXiv:1609.08144, section 3.1.

    Differs from the paper:
        The paper has layers of one size. W starts as that of `torch.nn.Linear`, and there is no bias.

    Example:
        >>> from elman.cells import GRUCell
        >>> Residual(GRUCell(5, 5)).projection is None
        True
    """

    def __init__(self, cell: Cell):
        super().__init__(cell)
        is_equal = cell.input_size == cell.output_size
        self.projection = None if is_equal else nn.Linear(cell.input_size, cell.output_size, bias=False)

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        output, state = self.cell(input, state, **self.inner(steps))
        return output + (input if self.projection is None else self.projection(input)), state
