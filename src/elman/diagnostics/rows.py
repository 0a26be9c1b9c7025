"""Sequences of a batch chosen, and repeated."""

import numpy as np
import torch
from torch import Tensor

from elman.backends.eager import Resets, StepInputs
from elman.cells import map_state
from elman.compiler import Batch


def longest_rows(num_sequences: int, lengths: np.ndarray) -> Tensor:
    """Return the numbers of the longest sequences, which show most, in the order of the batch.

    Args:
        num_sequences: How many at most; of those that are as long, the first.
        lengths: Number of time steps of each sequence, (N,).

    Example:
        >>> longest_rows(2, np.array([3, 9, 1, 9, 9]))
        tensor([1, 3])
    """
    return torch.as_tensor(np.sort(np.argsort(-lengths, kind="stable")[:num_sequences]))


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
