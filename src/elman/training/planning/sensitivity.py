"""The memory that real-time recurrent learning carries with the state."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch import nn

from elman.compiler.recordings import recorded
from elman.ir import StepGraph
from elman.layers import Recurrent
from elman.training.planning.memory import COPIES_OF_RTRL, Need
from elman.training.through_time.rtrl import check_rtrl
from elman.training.through_time.sensitivity import DiagonalSensitivity, FullSensitivity, TangentStep


def rtrl_need(layer: nn.Module, batch_size: int) -> Need:
    """Return what RTRL takes beside the gradient within a part: the same for any number of steps.

    Args:
        layer: One `Recurrent`.
        batch_size: Number of sequences, N.

    Raises:
        OptionError: The layer is none for RTRL.
        TraceError: Its cell cannot be recorded.
    """
    check_rtrl(layer)
    assert isinstance(layer, Recurrent)
    known = recorded(layer.cell)
    pairs = zip(known.names["parameter"], known.parameters(layer.cell), strict=True)
    step = TangentStep(known.graph, frozenset(name for name, one in pairs if one.requires_grad))
    kind = DiagonalSensitivity if step.is_diagonal else FullSensitivity
    empty = kind(step, 0, next(layer.parameters()))
    carried = batch_size * sum(math.prod(empty.shape_of(part)) for part in step.entries)
    places = [*step.graph.of_kind("state"), *step.probes]
    width = sum(math.prod(step.graph.type_of(number).shape) for number in places)
    moves = 1 if step.is_diagonal else width
    work = batch_size * moves * sum(_widths(step.tangent))
    size = next(layer.parameters()).element_size()
    return Need(tensors=0, gradients=0, kept=COPIES_OF_RTRL * carried * size, work=work * size)


def _widths(graph: StepGraph) -> Iterator[int]:
    """Yield the numbers of a row of each value that a step computes."""
    for number in range(graph.num_values):
        type_ = graph.type_of(number)
        if type_.per_row:
            yield math.prod(type_.shape)
