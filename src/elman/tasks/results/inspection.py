"""Plain result objects of a look inside a network, ready to draw. Nothing here computes or needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.diagnostics.finding import Finding
from elman.tasks.results.text import UnitActivity

Numbers = Sequence[float | None]
"""Measured values; `None` where there is none."""


@dataclass(frozen=True)
class StateGradient:
    """The gradient of the loss by one tensor of a layer's state.

    Args:
        layer: the path to the layer.
        state: which tensor of its state.
        norms: mean norm at each lag from 0, the step that the layer ran last.
    """

    layer: str
    state: str
    norms: Numbers


@dataclass(frozen=True)
class LayerReach:
    """What is left of a push to a layer's state.

    Args:
        layer: the path to the layer.
        gain: share that is left at each lag from 0.
        horizon: the first lag with less than a hundredth of the gain at lag 1; `None` if there is none.
    """

    layer: str
    gain: Numbers
    horizon: int | None


@dataclass(frozen=True)
class StepStretch:
    """What single steps of one sequence do to a push to a layer's state.

    Args:
        layer: the path to the layer.
        steps: that were looked at, from 0.
        radius: spectral radius of the Jacobian of each.
        largest: its largest singular value.
        median: the median of its singular values.
    """

    layer: str
    steps: Sequence[int]
    radius: Numbers
    largest: Numbers
    median: Numbers


@dataclass(frozen=True)
class ValueActivity:
    """A gate or an activation along the sequences.

    Args:
        layer: the path to the layer.
        name: what the source of the cell calls it.
        kind: "gate", "exp", "tanh", "relu" or "value".
        mean: of all its values.
        low: share of values at its lower end.
        high: share of values at its upper end.
    """

    layer: str
    name: str
    kind: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class UnitTraces:
    """Some units of a gate, an activation or a state, along one sequence.

    Args:
        layer: the path to the layer.
        name: of the value.
        kind: as for `ValueActivity`; "state" for a tensor of the state.
        units: numbers of those units that change most.
        values: of each unit, at every step.
    """

    layer: str
    name: str
    kind: str
    units: Sequence[int]
    values: Sequence[Numbers]


@dataclass(frozen=True)
class LayerRecall:
    """How much of a random signal can be read from a layer's output so many steps later.

    Args:
        layer: the path to the layer.
        r2: share of the signal's variance, at each lag from 0.
        total: their sum, the memory capacity.
        num_features: the most that it can be.
    """

    layer: str
    r2: Sequence[float]
    total: float
    num_features: int


@dataclass(frozen=True)
class Passage:
    """What one unit puts out while a stretch of a text is read.

    Args:
        part: that the text is from.
        unit: "character", "byte" or "word".
        symbols: of the text, as people read them.
        activity: of the unit, after each symbol.
    """

    part: str
    unit: str
    symbols: Sequence[str]
    activity: UnitActivity


@dataclass(frozen=True)
class InspectionReport:
    """Everything the page of an inspection shows.

    Args:
        title: of the page.
        part: whose sequences were read.
        num_sequences: how many.
        sequence: what one of them is, such as "window".
        task_lag: how many steps back the task looks.
        asked: what the loss asks, in a sentence.
        findings: what keeps the network from learning more.
        gradients: of the loss, by each tensor of each layer's state.
        reaches: of each layer.
        stretches: of each layer; none where a state is too large to look at its Jacobian.
        values: gates and activations of each layer.
        traces: of gates, activations and states, along one sequence.
        steps: what stands at each step of that sequence, where that can be said.
        recalls: of each layer.
        passages: of a text, for some units of its last layer.
        configuration: of the run that was looked at.
    """

    title: str
    part: str
    num_sequences: int
    sequence: str
    task_lag: int
    asked: str
    findings: Sequence[Finding]
    gradients: Sequence[StateGradient]
    reaches: Sequence[LayerReach]
    stretches: Sequence[StepStretch]
    values: Sequence[ValueActivity]
    traces: Sequence[UnitTraces]
    recalls: Sequence[LayerRecall]
    steps: Sequence[str] = ()
    passages: Sequence[Passage] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
