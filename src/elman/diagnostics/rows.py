"""Sequences of a batch chosen, and repeated."""

import torch
from torch import Tensor

from elman.backends.eager import Resets, StepInputs
from elman.cells import map_state
from elman.compiler import Batch


def first_rows(num_sequences: int, batch: Batch) -> Tensor:
    """Return the numbers of the first sequences.

    Args:
        num_sequences: How many at most.
        batch: The sequences.
    """
    return torch.arange(min(num_sequences, batch.input.shape[1]))


def take_rows(batch: Batch, rows: Tensor) -> Batch:
    """Return a batch of some sequences; one may stand in it several times.

    Args:
        batch: The sequences.
        rows: Their numbers.
    """
    rows = rows.to(batch.input.device)
    state = map_state(lambda part: part[rows], batch.state)
    lengths = None if batch.lengths is None else batch.lengths[rows.cpu()]
    resets = batch.resets
    if resets is not None:
        resets = Resets(resets.steps[:, rows], map_state(lambda part: part[rows], resets.fresh_state))
    return batch._replace(
        input=batch.input[:, rows],
        state=state,
        lengths=lengths,
        resets=resets,
        step_inputs=take_step_inputs(batch.step_inputs, rows),
    )


def take_step_inputs(steps: StepInputs | None, rows: Tensor) -> StepInputs | None:
    """Return the step inputs of some sequences.

    Args:
        steps: Those of all; None for nothing.
        rows: Their numbers.
    """
    if steps is None:
        return None
    moving = {name: part if part.dim() == 1 else part[:, rows] for name, part in steps.moving.items()}
    return StepInputs(moving, {name: part[rows] for name, part in steps.fixed.items()})
