"""The flow of gradients in a segment of a text, as a watch looks at it."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.tasks.flow import FlowWatch


def look_from_last(watch: FlowWatch, step: int, input: Tensor, target: Tensor) -> None:
    """See how far back the loss of a segment's last symbol reaches, from a fresh state.

    Each symbol has a loss of its own, and the gradient of their sum is large at every step: how far one of
    them reaches would not be seen in it.

    Args:
        watch: of the network.
        step: of the optimizer, from 0.
        input: codes of the segment, (T, N).
        target: those that follow them, (T, N).

    Shape:
        input: (T, N). target: (T, N).
    """
    last = target[-1, : watch.num_sequences]
    watch.look(step, input, lambda logits, state: cross_entropy(logits[-1], last))
