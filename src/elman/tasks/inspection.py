"""A fitted network looked over on real data: one look for the networks of every task.

A task says in its own `inspection` module what its network is looked at on, a `Subject`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn

from elman.diagnostics import (
    Finding,
    GradientFlow,
    LagGradient,
    LayerActivity,
    MemoryCapacity,
    StepJacobians,
    findings,
    gates,
    gradient_by_lag,
    gradient_flow,
    step_jacobians,
)
from elman.tasks.inspection_memory import recall_of_layers
from elman.tasks.results.inspection import InspectionReport, Passage

NUM_SEQUENCES, MAX_STEPS = 16, 512
"""How much of a part is looked at, at most: a Jacobian by lag is kept for every step."""

_MOST_LOOKS, _FEWEST_LOOKS, _LOOKED_AT = 48, 4, 256
_LARGEST_STATE = 1024
"""Numbers in a state: the eigenvalues of a step's Jacobian take the third power of it in time."""


@dataclass(frozen=True)
class Subject:
    """A network, and what it is looked at on.

    Args:
        network: fitted.
        batch: what it is called with; its first sequence is the one that is traced.
        loss: of what the network returns, one number.
        part: that the sequences are from.
        num_sequences: in the batch.
        sequence: what one of them is, such as "window".
        asked: what the loss asks, in a sentence.
        task_lag: how many steps back the task looks; None for the longest sequence.
        reverse_loss: of the layers that read sequences from their end, where theirs is another.
        steps: what stands at each step of the first sequence, where that can be said.
        passages: of a text.
    """

    network: nn.Module
    batch: Any
    loss: Callable[..., Tensor]
    part: str
    num_sequences: int
    sequence: str
    asked: str
    task_lag: int | None = None
    reverse_loss: Callable[..., Tensor] | None = None
    steps: Sequence[str] = ()
    passages: Sequence[Passage] = ()


@dataclass(frozen=True)
class NetworkInspection:
    """What gradients, gates and memory of a fitted network do.

    Args:
        part: the part whose sequences the network was looked at on.
        num_sequences: how many of them.
        sequence: what one of them is: "window", "passage" or "sequence".
        task_lag: how many steps back the task looks.
        asked: what the loss asks, in a sentence.
        flow: the gradient of the loss by the states of all layers.
        lags: the gradient of each layer by lag.
        jacobians: of single steps of one sequence; none where a state holds more than 1024 numbers.
        activity: gates, activations and states of each layer.
        memory: of each layer, how much of a signal can be read from its output later; of none where
            something is not finite.
        findings: what keeps the network from learning more.
        steps: what stands at each step of the sequence that is traced, where that can be said.
        passages: of a text, for the units of the last layer that hold on to something longest.
    """

    part: str
    num_sequences: int
    sequence: str
    task_lag: int
    asked: str
    flow: GradientFlow
    lags: tuple[LagGradient, ...]
    jacobians: tuple[StepJacobians, ...]
    activity: tuple[LayerActivity, ...]
    memory: Mapping[str, MemoryCapacity]
    findings: tuple[Finding, ...]
    steps: Sequence[str] = ()
    passages: Sequence[Passage] = field(default=(), repr=False)

    def report(
        self, *, title: str | None = None, configuration: Mapping[str, Any] | None = None
    ) -> InspectionReport:
        """Gather what a page shows; `elman.report.write_report` draws it.

        Args:
            title: of the page.
            configuration: of the run that was looked at, to be shown.
        """
        from elman.tasks.inspection_report import build_report

        return build_report(self, title or "Inside the network", configuration or {})


def inspect_network(subject: Subject) -> NetworkInspection:
    """Look a network over.

    Args:
        subject: the network, and what it is looked at on.

    Raises:
        OptionError: the lag is not positive.
    """
    network, batch, lag = subject.network.eval(), subject.batch, subject.task_lag
    found = findings(network, batch, task_lag=lag)  # first, since it refuses a lag that is none
    lags, activity = gradient_by_lag(network, batch), gates(network, batch)
    return NetworkInspection(
        subject.part,
        subject.num_sequences,
        subject.sequence,
        max(len(one.gain) - 1 for one in lags) if lag is None else lag,
        subject.asked,
        _flow_of(subject),
        lags,
        _jacobians_of(network, batch, activity),
        activity,
        {} if any(one.kind == "non_finite" for one in found) else recall_of_layers(network, batch, lag),
        found,
        subject.steps,
        subject.passages,
    )


def spread_over(number: int) -> np.ndarray:
    """Return which of a number of sequences are looked at, spread over all of them.

    Example:
        >>> spread_over(3).tolist(), spread_over(160)[:3].tolist(), len(spread_over(160))
        ([0, 1, 2], [0, 11, 21], 16)
    """
    return np.linspace(0, number - 1, min(NUM_SEQUENCES, number)).round().astype(int)


def _flow_of(subject: Subject) -> GradientFlow:
    """Take each layer's gradient from the loss where the layer ends."""
    flow = gradient_flow(subject.network, subject.batch, loss=subject.loss)
    if subject.reverse_loss is None:
        return flow
    behind = gradient_flow(subject.network, subject.batch, loss=subject.reverse_loss)
    pairs = zip(flow.states, behind.states, strict=True)
    states = tuple(back if ahead.is_reverse else ahead for ahead, back in pairs)
    has_reverse = any(state.is_reverse for state in states)
    return GradientFlow(flow.loss + behind.loss if has_reverse else flow.loss, states)


def _jacobians_of(
    network: nn.Module, batch: Any, activity: Sequence[LayerActivity]
) -> tuple[StepJacobians, ...]:
    """Look at fewer steps of a larger state; at none where it is too large."""
    size = max(sum(state.trace.shape[1] for state in one.states) for one in activity)
    if size > _LARGEST_STATE:
        return ()
    num_looks = int(_MOST_LOOKS * min(1.0, (_LOOKED_AT / size) ** 2))
    num_steps = max(len(state.trace) for one in activity for state in one.states)
    return step_jacobians(network, batch, every=-(-num_steps // max(num_looks, _FEWEST_LOOKS)))
