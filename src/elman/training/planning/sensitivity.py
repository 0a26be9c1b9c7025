"""The memory that real-time recurrent learning carries with the state."""

from __future__ import annotations

from torch import nn

from elman.compiler.recordings import recorded
from elman.layers import Recurrent
from elman.training.planning.memory import Need
from elman.training.through_time.diagonal_sensitivity import DiagonalSensitivity
from elman.training.through_time.full_sensitivity import FullSensitivity
from elman.training.through_time.rtrl import check_rtrl
from elman.training.through_time.tangent import TangentStep


def rtrl_need(layer: nn.Module, batch_size: int, every: int) -> Need:
    """Return what RTRL takes beside the gradient within a part: the same for any number of parts.

    Args:
        layer: One `Recurrent`.
        batch_size: Number of sequences, N.
        every: Time steps of a part.

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
    like = next(layer.parameters())
    one = kind(step, 1, like.detach().to("meta"))  # sizes without numbers
    # That of a part, that of the part before until its loss is let go, and two while it moves on.
    copies = 3 if every == 1 else 4
    seen = every * batch_size * sum(map(step.size_of, step.watched))
    rows = one.steps_at_once(batch_size, every) * batch_size * len(one.directions[0])
    # Each row of the tangent step has its own input and states, moves, output, new states and their moves.
    values = [*step.graph.of_kind("input"), *step.places, step.graph.output]
    width = sum(map(step.size_of, values)) + 5 * sum(step.sizes)
    return Need(
        tensors=0,
        gradients=0,
        kept=copies * batch_size * one.numbers.nbytes,
        work=(seen + rows * width) * like.element_size(),
    )
