"""Truncated backpropagation through time."""

from __future__ import annotations

from elman.cells.options import check_size
from elman.errors import OptionError
from elman.training.through_time.schedule import Schedule


class TBPTT(Schedule):
    """Truncated backpropagation through time: an update every few steps, and a gradient that reaches as far.

    Use it where sequences are too long for one gradient, or never end: memory does not depend on how long
    they are. The state is carried on, its gradient is cut. What lies further back than the truncation still
    reaches the output, but its weights learn nothing from it.

    Equations:
        s_t = f(x_t, s_{t-1}, theta), L = sum_t L_t; the part of the steps a+1..b sends back
        (1) g = sum_{t=a+1..b} sum_{k=c+1..t} dL_t/ds_t (ds_t/ds_{t-1} ... ds_{k+1}/ds_k) d+s_k/dtheta
        (2) c = a, without a window
        (3) c = max(0, b - window), with one
        where d+ holds s_{k-1} fixed. With a = 0 and b = T this is the gradient of BPTT.

    Without `window` sequences are cut into segments, and a step sees back to the beginning of its own. With
    it, every output of a part sees back at least `window - length` steps: the layer runs again over the last
    `window` steps with the weights of the moment, from the state kept there, and over the `length` steps
    that drop out, without a gradient. Random masks are drawn anew for each run.

    Args:
        length: Time steps of a segment, between two updates.
        window: Time steps that each gradient reaches back from the newest; `length` or more.

    Raises:
        OptionError: A number is not a positive integer, or `window` is shorter than `length`.

    Reference:
        R. J. Williams, J. Peng (1990), "An efficient gradient-based algorithm for on-line training of
        recurrent network trajectories", Neural Computation 2(4): BPTT(h; h'), with h = `window` and
        h' = `length`.

    Differs from the paper:
        Its activities are those of the weights at their own time; here the window is run again.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import GRUCell
        >>> from elman.training import SequenceBatch
        >>> layer = Recurrent(GRUCell(input_size=1, hidden_size=4))
        >>> optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        >>> batch = SequenceBatch(torch.randn(120, 2, 1), target=torch.zeros(120, 2, 4))
        >>> for part in TBPTT(50).parts(layer, batch):
        ...     optimizer.zero_grad()
        ...     part.backward((part.output - part.target).square().mean())
        ...     optimizer.step()
        ...     print(part.start, part.stop)
        0 50
        50 100
        100 120
    """

    def __init__(self, length: int, window: int | None = None) -> None:
        check_size("length", length)
        if window is not None:
            check_size("window", window)
            if window < length:
                raise OptionError(
                    "`window` must be `length` or more, so that every step is learned from, but it is "
                    f"{window} with length={length}."
                )
        self._length, self._window = length, window

    @property
    def length(self) -> int:
        """Time steps between two updates."""
        return self._length

    @property
    def window(self) -> int | None:
        """Time steps that a gradient reaches back from the newest; None for those of the segment."""
        return self._window

    def __repr__(self) -> str:
        """Show how it was made."""
        return f"TBPTT({self.length}{'' if self.window is None else f', window={self.window}'})"
