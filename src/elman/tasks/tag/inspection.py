"""What the network of a tagger is looked at on: labelled sequences of a part, the longest first."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.tasks.inspection import MAX_STEPS, Subject, spread_over
from elman.tasks.tag.batches import make_batch
from elman.tasks.tag.evaluation import TagEvaluation
from elman.tasks.tag.network import TagBatch


def subject_of(evaluation: TagEvaluation, part: str, task_lag: int | None) -> Subject:
    """Return the network, a few sequences, and the loss of the step where each direction ends.

    Each step has a loss of its own, which reaches its own state without a way through time. So layers that
    read forward are looked at with the loss of the last steps alone, the others with that of the first.

    Args:
        evaluation: the model, a table and some of its sequences; of one longer than 512 steps the first
            512 are read.
        part: what they are called.
        task_lag: how many steps back the task looks; the longest sequence without it.
    """
    network, starts = evaluation.model.network, evaluation.steps.starts
    chosen = evaluation.sequences[spread_over(len(evaluation.sequences))]
    pieces = [(int(starts[one]), int(min(starts[one + 1], starts[one] + MAX_STEPS))) for one in chosen]
    pieces.sort(key=lambda piece: piece[0] - piece[1])
    batch = make_batch(evaluation.steps, pieces, next(network.parameters()).device)
    last = (batch.lengths - 1).to(batch.labels.device)
    return Subject(
        network,
        batch,
        partial(_loss_at, batch, last),
        part,
        len(pieces),
        "sequence",
        "The loss is that of the step where a layer ends: the last one, or the first where it reads back.",
        task_lag,
        reverse_loss=partial(_loss_at, batch, torch.zeros_like(last)),
        steps=_texts(evaluation, np.arange(*pieces[0])),
    )


def _loss_at(batch: TagBatch, steps: Tensor, logits: Tensor) -> Tensor:
    """Return the cross-entropy of one step of each sequence; one without a label counts as the first label.

    Shape:
        steps: (N,). logits: (T, N, labels).
    """
    rows = torch.arange(len(steps), device=steps.device)
    return cross_entropy(logits[steps, rows], batch.labels[steps, rows].clamp(min=0))


def _texts(evaluation: TagEvaluation, rows: np.ndarray) -> list[str]:
    """Return the symbols of some rows; nothing where the steps have none."""
    symbols = evaluation.table.columns.symbols
    if not symbols:
        return []
    return ["–" if one is None else str(one) for one in evaluation.table.frame[symbols[0]].gather(rows)]
