"""What the network of a classifier is looked at on: sequences with known classes, the longest first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.tasks.classify.encoder import Batch
from elman.tasks.classify.model import ClassifyModel
from elman.tasks.inspection import MAX_STEPS, Subject, spread_over


def subject_of(
    model: ClassifyModel,
    pooling: str,
    values: Sequence[np.ndarray],
    truth: np.ndarray,
    *,
    part: str,
    task_lag: int | None,
) -> Subject:
    """Return the recurrent branch, a few sequences, and the cross-entropy of their classes.

    Args:
        model: fitted.
        pooling: what becomes of the network's outputs.
        values: N sequences (T, C); of one longer than 512 steps the last 512 are read.
        truth: (N,) codes of their classes.
        part: what they are called.
        task_lag: how many steps back the task looks; the longest sequence without it.
    """
    rows = spread_over(len(values))
    rows = rows[np.argsort([-len(values[row]) for row in rows], kind="stable")]
    device = model.network.head.weight.device
    batch = Batch.of([model.encoder.encode(values[row][-MAX_STEPS:]) for row in rows], device)
    target = torch.from_numpy(truth[rows]).to(device)

    def loss(scores: Tensor) -> Tensor:
        return cross_entropy(scores, target)

    return Subject(model.network, batch, loss, part, len(rows), "sequence", _asked(pooling), task_lag)


def _asked(pooling: str) -> str:
    told = "The loss is that of the class of each sequence"
    if pooling == "last":
        return f"{told}, read where each direction ends."
    return (
        f"{told}, read from the outputs at all steps ({pooling} pooling): each state has a gradient of its "
        "own beside the one from later steps, so a line above lag 0 is no sign of explosion by itself."
    )
