"""A limit on what one step sends back to the step before."""

from typing import Any

from torch import Tensor

from elman.cells.base import Cell
from elman.cells.marks import clip_gradient
from elman.cells.options import brief
from elman.cells.state import map_state
from elman.cells.wrappers.wrapper import Wrapper
from elman.errors import OptionError


class ClipStateGradient(Wrapper):
    """Clips, number by number, the gradient that each step sends back through the state.

    Use it where the gradient explodes within a sequence: clipping the gradient of the weights comes too late
    once the sum over the steps is that of a few steep ones. Outputs and states stay as they are.

    Equations:
        (1) s_t = cell(x_t, s_{t-1})
        on the way back, with g_t = dL/ds_t and each number by itself
        (2) what step t sends to s_{t-1} is max(-limit, min(limit, g_t ds_t/ds_{t-1}))

    Args:
        cell: What is wrapped.
        limit: The largest absolute value; positive.

    Shape:
        input: (N, I). state: as of the cell. steps: a time step's part of `step_inputs`.
        output: (N, output_size).

    Raises:
        OptionError: `limit` is not a positive number.
        DtypeError: `cell` is not a `Cell`.

    Reference:
        A. Graves (2013), "Generating sequences with recurrent neural networks", arXiv:1308.0850, section 2.1.

    Differs from the paper:
        The paper clips the gradient of the sums inside of the gates; here it is that of the state.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import LSTMCell
        >>> layer = Recurrent(ClipStateGradient(LSTMCell(3, 5), limit=1.0))
    """

    def __init__(self, cell: Cell, limit: float = 1.0):
        super().__init__(cell)
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
            raise OptionError(f"`limit` must be positive, but it is {brief(limit)}.")
        self.limit = limit

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        state = map_state(lambda part: clip_gradient(part, self.limit), state)
        return self.cell(input, state, **self.inner(steps))
