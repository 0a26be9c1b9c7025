"""Backpropagation through time, exact, within a byte budget if there is one."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from elman.compiler import within_memory
from elman.training.through_time.schedule import Schedule
from elman.training.through_time.sizes import parse_bytes


class BPTT(Schedule):
    """Backpropagation through time: the exact gradient of whole sequences.

    Use it wherever a batch fits in memory; with `memory`, also where what is kept for the way back does not
    fit. As a `with` block it says how the gradient of every call inside is got, whenever its backward comes;
    as a schedule, one update for a whole batch.

    Equations:
        (1) dL/ds_t = dL_t/ds_t + (ds_{t+1}/ds_t)^T dL/ds_{t+1}
        (2) dL/dtheta = sum_t (d+s_t/dtheta)^T dL/ds_t

    With `memory`, states are kept at some steps alone, and what lies between is computed again on the way
    back: the same gradient, to the last bits of its sums over time, at the price of one more forward pass.
    It is a matter of machine code: a cell that runs as a plain loop is refused, and a gradient of a gradient
    runs as one, beyond the budget.

    Args:
        memory: Bytes that a call may keep and work in, beside inputs, outputs, parameters and their
            gradients: a number, or a text such as "64MB". Layers and directions inside of it have equal
            shares. Without it, as many as are needed.

    Raises:
        OptionError: `memory` is no size. At a call: it is too small; the message names the smallest that
            works.

    Reference:
        P. J. Werbos (1990), "Backpropagation through time: what it does and how to do it", Proceedings of
        the IEEE 78(10). T. Chen, B. Xu, C. Zhang, C. Guestrin (2016), "Training deep nets with sublinear
        memory cost", arXiv:1604.06174.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import LSTMCell
        >>> layer = Recurrent(LSTMCell(input_size=1, hidden_size=8))
        >>> with BPTT(memory="2MB"):
        ...     output, state = layer(torch.ones(10_000, 1, 1))
        >>> output[-1].sum().backward()
    """

    def __init__(self, memory: int | str | None = None) -> None:
        self.memory = None if memory is None else parse_bytes("memory", memory)
        self._entered = threading.local()  # blocks of one object may be nested, and threads share it

    @property
    def length(self) -> int | None:
        """None: all time steps of a batch."""
        return None

    def running(self) -> AbstractContextManager[object]:
        """Return what the layer is called within."""
        return within_memory(self.memory)

    def __enter__(self) -> BPTT:
        """Begin a block in which every call has this gradient."""
        if not hasattr(self._entered, "stacks"):
            self._entered.stacks = []
        stack = ExitStack()
        stack.enter_context(self.running())
        self._entered.stacks.append(stack)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        self._entered.stacks.pop().close()

    def __repr__(self) -> str:
        """Show how it was made."""
        return "BPTT()" if self.memory is None else f"BPTT(memory={self.memory})"
