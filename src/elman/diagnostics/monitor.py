"""The flow of gradients watched while a network trains."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cells.options import check_size
from elman.diagnostics.flow import StateFlow, run_twin
from elman.diagnostics.losses import make_loss
from elman.diagnostics.probe import Probe
from elman.diagnostics.runs import check_layers, check_module
from elman.diagnostics.twin import Twin, make_twin
from elman.layers.packed import unpack


@dataclass(frozen=True)
class StateRecord:
    """The gradient of a loss by one tensor of a state, at a few lags.

    Args:
        layer: The path to the layer.
        state: Which tensor of its state.
        lags: 0, 1, 2, 4, 8 and so on, as far as the longest sequence goes.
        norms: Mean norm of the gradient at each; None where it is not finite.
    """

    layer: str
    state: str
    lags: tuple[int, ...]
    norms: tuple[float | None, ...]


@dataclass(frozen=True)
class FlowRecord:
    """One look at a network in training.

    Args:
        step: The step of training.
        states: One entry for each tensor of each layer's state.
    """

    step: int
    states: tuple[StateRecord, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as dictionaries, lists, texts and numbers, for a line of JSON."""
        states = [asdict(state) for state in self.states]
        for state in states:
            state["lags"], state["norms"] = list(state["lags"]), list(state["norms"])
        return {"step": self.step, "states": states}


class Monitor:
    """Looks at a few sequences every few steps of training, and keeps a record of the gradient's flow.

    A look is one forward and one backward pass over `num_sequences` of the batch's sequences: with 4 of 32
    every 50 steps a 400th of the work of training. Training goes on with the same bits as without it.

    Args:
        layer: A layer, or a network that holds some.
        every: How many steps there are from look to look.
        num_sequences: How many sequences of the batch are looked at, from the first.
        loss: As for `gradient_flow`.

    Attributes:
        records: What was seen, in order.

    Raises:
        DtypeError: `layer` is no module.
        OptionError: It holds no recurrent layer, or a number is not positive.

    Example:
        >>> from elman import GRU
        >>> layer = GRU(3, 8)
        >>> monitor = Monitor(layer, every=50)
        >>> for step in range(101):
        ...     record = monitor(step, torch.randn(20, 16, 3))
        >>> [record.step for record in monitor.records], monitor.records[0].states[0].lags
        ([0, 50, 100], (0, 1, 2, 4, 8, 16))
    """

    def __init__(
        self,
        layer: nn.Module,
        every: int = 50,
        *,
        num_sequences: int = 4,
        loss: Callable[..., Tensor] | None = None,
    ):
        check_module(layer)
        check_size("every", every)
        check_size("num_sequences", num_sequences)
        self.layer, self.every, self.num_sequences, self.loss = layer, every, num_sequences, loss
        self.records: list[FlowRecord] = []
        self._seen: list[tuple[int, int]] | None = None
        self._twin = self._find_twin()
        check_layers(layer, self._twin.layers)

    def __call__(
        self, step: int, input: Any, lengths: Tensor | Sequence[int] | None = None
    ) -> FlowRecord | None:
        """Look at the network if it is time to; call it at every step of training.

        Args:
            step: The step of training, from 0.
            input: What the network is called with at this step; what is no tensor is looked at as a whole.
            lengths: Number of time steps of each sequence, (N,); all T without it.

        Shape:
            input: as the network takes it; the batch is the second axis, the first with `batch_first`.

        Returns:
            The record; None where there was no look.
        """
        if step % self.every:
            return None
        self._twin = self._find_twin()
        self._twin.module.train(self.layer.training)
        input, lengths = self._take_some(input, lengths)
        loss = self.loss or make_loss(self.layer, self._twin.layers, lengths)
        flow = run_twin(self._twin, input, loss, None, lengths)
        self.records.append(FlowRecord(step, tuple(map(_summarize, flow.states))))
        return self.records[-1]

    def _find_twin(self) -> Twin:
        """Return the twin of the last look, or a new one where weights lie elsewhere or buffers changed."""
        seen = [(id(parameter), parameter.data_ptr()) for parameter in self.layer.parameters()]
        seen += [(buffer.data_ptr(), buffer._version) for buffer in self.layer.buffers()]
        if seen != self._seen:
            self._seen, self._twin = seen, make_twin(self.layer, Probe)
        return self._twin

    def _take_some(self, input: Any, lengths: Any) -> tuple[Any, Any]:
        is_batch_first = bool(getattr(self.layer, "batch_first", False))
        if isinstance(input, PackedSequence):
            input, lengths = unpack(input, is_batch_first)
        if not isinstance(input, Tensor):
            return input, lengths
        axis = 0 if is_batch_first else 1
        some = input.detach().narrow(axis, 0, min(self.num_sequences, input.shape[axis]))
        return some, None if lengths is None else torch.as_tensor(lengths)[: some.shape[axis]]


def _summarize(flow: StateFlow) -> StateRecord:
    norms = flow.over_lag
    lags = [0, *(2**power for power in range(len(norms).bit_length()) if 2**power < len(norms))]
    known = [lag for lag in lags if lag < flow.lengths.max()]
    values = [float(norms[lag]) if math.isfinite(norms[lag]) else None for lag in known]
    return StateRecord(flow.layer, flow.state, tuple(known), tuple(values))
