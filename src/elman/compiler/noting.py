"""Which recurrences a call of a layer runs with a gradient, and what that takes at other lengths."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from torch import Tensor

from elman.compiler.call import Arguments, Call
from elman.compiler.checkpoints import Sizes, choose_room, least_of, sizes_of
from elman.compiler.options import chosen_budget, chosen_memory, shared_by, within_memory


@dataclass(frozen=True)
class Noted:
    """A recurrence that was run.

    Args:
        call: What was run, with a way back.
        arguments: Its tensors.
        kept: What it has kept for the way back.
        num_shares: How many have a share of a budget as large as this one's.
    """

    call: Call
    arguments: Arguments
    kept: Sequence[Tensor | None]
    num_shares: int

    def choose_room(self, num_steps: int, memory: int | None) -> int:
        """Return how many steps a span would have: T without a budget.

        Args:
            num_steps: T.
            memory: The budget of the whole call, in bytes.

        Raises:
            OptionError: It is too small.
        """
        with within_memory(memory), shared_by(self.num_shares):
            return choose_room(replace(self.call, memory=chosen_memory()), self._stretched(num_steps))

    def least(self, num_steps: int) -> int:
        """Return the smallest budget of the whole call with which this one has its share, in bytes.

        Args:
            num_steps: T.
        """
        return self.num_shares * least_of(self.call, self._stretched(num_steps))

    def sizes(self, num_steps: int, room: int) -> Sizes:
        """Return the bytes that the gradient would take.

        Args:
            num_steps: T.
            room: Steps of a span; T for one span.
        """
        return sizes_of(self.call, self._stretched(num_steps), room)

    def gradient_size(self, num_steps: int) -> int:
        """Return the bytes of the gradients of outputs and of the input, if one is wanted.

        Args:
            num_steps: T.
        """
        graph, input = self.call.recorded.graph, self.arguments.input
        width = graph.type_of(graph.output).shape[0]
        width += input.shape[2] if "input" in (self.call.wanted or ()) else 0
        return num_steps * input.shape[1] * width * input.element_size()

    def _stretched(self, num_steps: int) -> Arguments:
        """Return the arguments as they would be at another length; no memory is taken for them."""
        input = self.arguments.input
        return replace(self.arguments, input=input[:1].expand(num_steps, *input.shape[1:]))


_noted: ContextVar[list[Noted] | None] = ContextVar("noted", default=None)


@contextmanager
def noting_recurrences() -> Iterator[list[Noted]]:
    """Note every recurrence that this block runs with a gradient, in their order."""
    noted: list[Noted] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def note(call: Call, arguments: Arguments, kept: Sequence[Tensor | None]) -> None:
    """Note one, if anybody wants to know.

    Args:
        call: What was run.
        arguments: Its tensors.
        kept: What it has kept.
    """
    noted = _noted.get()
    if noted is not None:
        noted.append(Noted(call, arguments, kept, chosen_budget().num_shares))
