"""How far back the gradient of a loss reaches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.diagnostics.alignment import by_lag, hide_padding, mean_of_live
from elman.diagnostics.losses import check_loss, make_loss
from elman.diagnostics.probe import Probe, ProbedCall, norms, noted_calls
from elman.diagnostics.runs import call, check_calls, check_layers, check_module
from elman.diagnostics.twin import Twin, make_twin


@dataclass(frozen=True)
class StateFlow:
    """The gradient of a loss by one tensor of the state of one layer.

    Args:
        layer: The path to the layer.
        state: Which tensor of its state, by its name in the cell's equations: "h" or "c" of an LSTM; "state"
            for a single one, "state.0" and so on where there are no equations.
        norms: Euclidean norm of dL/ds_t for each sequence, (T, N), where s_t is the state after step t; NaN
            behind a sequence's end.
        lengths: Number of time steps of each sequence, (N,).
        is_reverse: Whether the layer reads sequences from their ends.
    """

    layer: str
    state: str
    norms: np.ndarray
    lengths: np.ndarray
    is_reverse: bool

    @property
    def over_time(self) -> np.ndarray:
        """The norm at each time step, the mean over the sequences that are there, (T,)."""
        return mean_of_live(self.norms, self.lengths)

    @property
    def over_lag(self) -> np.ndarray:
        """The norm by distance to the step that ran last, the mean over the sequences, (T,)."""
        return mean_of_live(by_lag(self.norms, self.lengths, self.is_reverse), self.lengths)


@dataclass(frozen=True)
class GradientFlow:
    """The gradient of one loss by the states of all layers.

    Args:
        loss: The value of the loss.
        states: One entry for each tensor of each layer's state, in the order of the layers.
    """

    loss: float
    states: tuple[StateFlow, ...]


def gradient_flow(
    layer: nn.Module,
    input: Any,
    *,
    loss: Callable[..., Tensor] | None = None,
    initial_state: Any = None,
    lengths: Tensor | Sequence[int] | None = None,
) -> GradientFlow:
    """Measure the gradient of a loss by every state, through all layers.

    Use it on a fresh network, to see whether a step can learn from one long before it, and on one that does
    not learn. The network is not changed: no gradient is left in it, no random number is taken from it.

    Equations:
        (1) norms[t] = |dL/ds_t|

    Args:
        layer: A layer, or a network that holds some; each call of a `Recurrent` in it is looked at.
        input: What it is called with; for a layer, (T, N, I), or (N, T, I) with `batch_first`.
        loss: A function of what the network returns, (output, final_state) for a layer; it returns one
            number. Without it, a fixed random projection of each sequence's last output; of the final
            states where a layer reads from the end.
        initial_state: The second argument of the call, if there is one.
        lengths: Number of time steps of each sequence, (N,); all T without it.

    Raises:
        DtypeError: `layer` is no module.
        OptionError: It holds no recurrent layer, or the loss is not one number with a gradient.

    Reference:
        Y. Bengio, P. Simard, P. Frasconi (1994), "Learning long-term dependencies with gradient descent is
        difficult", IEEE Transactions on Neural Networks 5(2).

    Example:
        >>> from elman import GRU
        >>> flow = gradient_flow(GRU(3, 8), torch.randn(20, 4, 3))
        >>> flow.states[0].layer, flow.states[0].norms.shape
        ('layer 0', (20, 4))
        >>> bool(flow.states[0].over_lag[19] < flow.states[0].over_lag[0])
        True
    """
    check_module(layer)
    twin = make_twin(layer, Probe)
    check_layers(layer, twin.layers)
    return run_twin(twin, input, loss or make_loss(layer, twin.layers, lengths), initial_state, lengths)


def run_twin(
    twin: Twin, input: Any, loss: Callable[..., Tensor], initial_state: Any, lengths: Any
) -> GradientFlow:
    """Measure what `gradient_flow` does with a twin whose cells are probes.

    Args:
        twin: The network's copy.
        input: What it is called with.
        loss: A function of what it returns.
        initial_state: Its second argument.
        lengths: Number of time steps of each sequence.
    """
    with torch.enable_grad(), torch.random.fork_rng(devices=[]), noted_calls(twin) as calls:
        result = call(twin.module, input, initial_state, lengths)
        value = loss(*result) if isinstance(result, tuple) else loss(result)
    check_calls(twin.module, calls)
    check_loss(value)
    probes = [probe for one in calls for probe in one.probes]
    found = torch.autograd.grad(value, probes, allow_unused=True)
    gradients = dict(zip(map(id, probes), found, strict=True))
    return GradientFlow(float(value.detach()), tuple(_read(calls, gradients)))


def _read(calls: Sequence[ProbedCall], gradients: Mapping[int, Tensor | None]) -> Iterator[StateFlow]:
    for one in calls:
        for state, probe in zip(one.states, one.probes, strict=True):
            values = norms(gradients[id(probe)], probe).cpu().numpy()
            yield StateFlow(one.layer, state, hide_padding(values, one.lengths), one.lengths, one.is_reverse)
