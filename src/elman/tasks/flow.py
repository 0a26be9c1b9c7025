"""How far back gradients reach, looked at every few steps while the network of a task is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from elman.diagnostics import FlowRecord, Monitor
from elman.tasks.results import FlowPoint
from elman.tasks.running import read_flow
from elman.training.run import RunDirectory

LOOK_EVERY = 50


class FlowWatch:
    """Looks at a few sequences of a batch every `LOOK_EVERY` steps; training goes on with the same bits.

    Args:
        network: what is trained; it is called with a batch.
        on_flow: is told what was seen.

    Raises:
        OptionError: the network holds no recurrent layer.
    """

    def __init__(self, network: nn.Module, on_flow: Callable[[FlowRecord], None]) -> None:
        self._network, self._on_flow = network, on_flow
        self._monitor = Monitor(network, every=1)

    @property
    def num_sequences(self) -> int:
        """Sequences to give to a look."""
        return self._monitor.num_sequences

    def is_due(self, step: int) -> bool:
        """Whether it is time for a look."""
        return step % LOOK_EVERY == 0

    def look(self, step: int, batch: Any, loss: Callable[..., Tensor]) -> None:
        """See how far back the gradient of a loss reaches, exactly and without dropout.

        Args:
            step: of the optimizer.
            batch: a few sequences, as the network takes them; how long they are, its layers are told.
            loss: a function of what the network returns for them.
        """
        self._monitor.loss = loss
        self._network.eval()
        try:
            record = self._monitor(step, batch)
        finally:
            self._network.train()
        assert record is not None
        self._on_flow(record)


def flow_points(directory: RunDirectory) -> list[FlowPoint]:
    """Return what a run's report shows of the flow of gradients.

    Raises:
        RunError: the log is damaged.
    """
    return [FlowPoint(look["step"], **one) for look in read_flow(directory) for one in look["states"]]
