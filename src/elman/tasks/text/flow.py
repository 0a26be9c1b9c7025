"""The flow of gradients watched while a language model trains."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.diagnostics import FlowRecord, Monitor
from elman.tasks.text.network import TextNetwork

LOOK_EVERY = 50


class FlowWatch:
    """Looks every few steps how far back the loss of a segment's last symbol reaches.

    Each symbol has a loss of its own, and the gradient of their sum is large at every step: how far one of
    them reaches would not be seen in it. A look reads a few rows from a fresh state and without dropout.

    Args:
        network: its weights and its mode are left as they are.
    """

    def __init__(self, network: TextNetwork) -> None:
        self._network, self._monitor = network, Monitor(network, every=LOOK_EVERY)

    def look(self, step: int, input: Tensor, target: Tensor) -> FlowRecord | None:
        """Return what is seen if it is time to look.

        Args:
            step: of the optimizer, from 0.
            input: codes of the segment, (T, N).
            target: those that follow them, (T, N).

        Shape:
            input: (T, N). target: (T, N).
        """
        if step % LOOK_EVERY:
            return None
        last = target[-1, : self._monitor.num_sequences]

        self._monitor.loss = lambda logits, state: cross_entropy(logits[-1], last)
        was_training = self._network.training
        self._network.eval()
        try:
            return self._monitor(step, input)
        finally:
            self._network.train(was_training)
