"""Sequences as padded batches of tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from elman.tasks.tag.inputs import Steps
from elman.tasks.tag.network import TagBatch

Piece = tuple[int, int]
"""First row and the row behind the last of a stretch of one sequence."""


def pieces_of(starts: np.ndarray, sequences: Sequence[int] | np.ndarray, longest: int) -> list[Piece]:
    """Cut sequences into pieces of at most `longest` steps, as equal as can be."""
    pieces: list[Piece] = []
    for one in sequences:
        first, end = int(starts[one]), int(starts[one + 1])
        cuts = np.linspace(first, end, -(-(end - first) // longest) + 1).round().astype(int).tolist()
        pieces += pairwise(cuts)
    return pieces


def make_batch(
    steps: Steps, pieces: Sequence[Piece], device: torch.device, codes: np.ndarray | None = None
) -> TagBatch:
    """Pad pieces to the longest of them.

    Args:
        steps: what they are of.
        pieces: N of them.
        device: where the tensors go.
        codes: to be read in the place of those of `steps`.
    """
    lengths = np.array([end - first for first, end in pieces])
    rows = np.zeros((lengths.max(), len(pieces)), dtype=np.int64)
    for at, (first, end) in enumerate(pieces):
        rows[: end - first, at] = np.arange(first, end)
    live = np.arange(len(rows))[:, None] < lengths
    used, words = np.unique(steps.words[rows], return_inverse=True)

    def tensor(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(device)

    return TagBatch(
        tensor(steps.values[rows]),
        tensor((steps.codes if codes is None else codes)[rows]),
        tensor(words.reshape(rows.shape)),
        tensor(steps.spellings[used]),
        tensor(np.where(live, steps.labels[rows], -1)),
        torch.from_numpy(lengths),
    )


def batches_by_length(pieces: Sequence[Piece], batch_size: int) -> Iterator[list[int]]:
    """Yield the numbers of pieces of like length, so that little is padded."""
    order = sorted(range(len(pieces)), key=lambda at: pieces[at][1] - pieces[at][0])
    for begin in range(0, len(order), batch_size):
        yield order[begin : begin + batch_size]
