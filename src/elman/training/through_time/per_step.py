"""An update after every single step."""

from __future__ import annotations

from elman.training.through_time.schedule import Schedule


class PerStep(Schedule):
    """An update of the weights after every single time step, from a gradient that ends at that step.

    Use it to see why the textbooks advise against it: a sequence takes as many updates as it has steps,
    which cannot be computed together, and nothing is learned about what a state is good for later. To update
    at every step and still see back, take `TBPTT(1, window=...)` or a gradient that runs forward in time.

    Equations:
        (1) theta_{t+1} = theta_t - eta dL_t/ds_t d+s_t/dtheta
        where d+ holds s_{t-1} fixed.

    Reference:
        J. L. Elman (1990), "Finding structure in time", Cognitive Science 14(2), whose networks learned so.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import ElmanCell
        >>> from elman.training import SequenceBatch
        >>> layer = Recurrent(ElmanCell(input_size=1, hidden_size=4))
        >>> [part.stop for part in PerStep().parts(layer, SequenceBatch(torch.randn(3, 2, 1)))]
        [1, 2, 3]
    """

    @property
    def length(self) -> int:
        """Time steps between two updates."""
        return 1

    def __repr__(self) -> str:
        """Show how it was made."""
        return "PerStep()"
