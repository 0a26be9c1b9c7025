"""One call of a compiled recurrence: what it is, and its tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from elman.compiler.recordings import Step

REALS = {torch.float32: "float32", torch.float64: "float64"}


@dataclass(frozen=True)
class Call:
    """What a call is besides its tensors.

    Args:
        recorded: One step.
        wanted: Names of the arguments whose gradients are wanted; None for a forward pass alone.
        is_reverse: Whether each sequence runs from its end.
        order: The sequences, the longest first, (N,); None where all have T steps.
        lengths: Their lengths, in that order.
        resets: Where states start anew, (T, N); None for nowhere.
        cpu: LLVM's name of the processor; None for the one at hand.
        memory: Bytes that the call may keep and work in; None for as many as are needed.
    """

    recorded: Step
    wanted: frozenset[str] | None
    is_reverse: bool
    order: Tensor | None
    lengths: Tensor | None
    resets: Tensor | None
    cpu: str | None
    memory: int | None = None


@dataclass(frozen=True)
class Arguments:
    """The tensors of a call that gradients may be wanted of.

    Args:
        input: (T, N, I).
        states: Before the first step, (N, F) each.
        fresh: What a reset puts in place, (N, F) each; none without resets.
        steps: Step inputs, (T, N, F) each.
        parameters: The parameter arguments.
    """

    input: Tensor
    states: Sequence[Tensor]
    fresh: Sequence[Tensor]
    steps: Sequence[Tensor]
    parameters: Sequence[Tensor]

    @property
    def all(self) -> tuple[Tensor, ...]:
        """All of them, in order."""
        return (self.input, *self.states, *self.fresh, *self.steps, *self.parameters)

    @classmethod
    def split(cls, call: Call, tensors: Sequence[Tensor]) -> "Arguments":
        """Undo `all`."""
        names = call.recorded.names
        num_states = len(names["state"])
        counts = (num_states, num_states if call.resets is not None else 0, len(names["step_input"]))
        input, *rest = tensors
        parts = []
        for count in counts:
            parts.append(rest[:count])
            rest = rest[count:]
        states, fresh, steps = parts
        return cls(input, states, fresh, steps, rest)
