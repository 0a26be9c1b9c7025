"""The training of the network: batches of like lengths, and the cross-entropy of their classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.diagnostics import FlowRecord
from elman.tasks.classify.encoder import Batch
from elman.tasks.classify.network import ClassifyNetwork
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.flow import FlowWatch
from elman.training import TrainingTask

_BUCKET = 8
"""Batches whose sequences are sorted by length together, so that little is computed for padding."""


class ClassifyTraining(TrainingTask):
    """Every sequence once an epoch, in an order of its own."""

    def __init__(
        self,
        network: ClassifyNetwork,
        encoded: Sequence[Tensor],
        codes: np.ndarray,
        options: ClassifyOptions,
        *,
        training: np.ndarray,
        validation: np.ndarray,
        on_flow: Callable[[FlowRecord], None] | None = None,
    ) -> None:
        super().__init__(network)
        self.network = network
        self.watch = None if on_flow is None else FlowWatch(network, on_flow)
        self.encoded, self.codes, self.options = encoded, codes, options
        self.training, self.validation = training, validation
        self.lengths = np.array([len(one) for one in encoded])
        self.weights = _class_weights(codes[training], network.head.out_features, options)

    def rows_of(self, step: int) -> np.ndarray:
        """Return the sequences of step 1, 2, ...; they depend on the seed and the step alone."""
        size = min(self.options.batch_size, len(self.training))
        per_epoch = len(self.training) // size
        epoch, place = divmod(step - 1, per_epoch)
        generator = np.random.default_rng((self.options.seed, epoch))
        order = generator.permutation(self.training)[: per_epoch * size]
        chunks = np.split(order, range(size * _BUCKET, len(order), size * _BUCKET))
        batches = [
            batch
            for chunk in chunks
            for batch in chunk[np.argsort(self.lengths[chunk], kind="stable")].reshape(-1, size)
        ]
        return batches[generator.permutation(per_epoch)[place]]

    def _batch_of(self, rows: np.ndarray) -> tuple[Batch, Tensor]:
        """Return sequences and their classes."""
        batch = Batch.of([self.encoded[row] for row in rows], torch.device(self.options.device))
        return batch, torch.from_numpy(self.codes[rows]).to(self.options.device)

    def _loss_of(self, rows: np.ndarray) -> Tensor:
        batch, target = self._batch_of(rows)
        return cross_entropy(self.model(batch), target, weight=self.weights)

    def loss(self, step: int) -> Tensor:
        """Return the cross-entropy of this step's sequences."""
        rows = self.rows_of(step)
        if self.watch is not None and self.watch.is_due(step):
            batch, target = self._batch_of(rows[: self.watch.num_sequences])
            self.watch.look(step, batch, lambda scores: cross_entropy(scores, target, weight=self.weights))
        with self.network.bounded():
            return self._loss_of(rows)

    def validation_loss(self) -> float:
        """Return the mean cross-entropy over the validation sequences."""
        order = self.validation[np.argsort(self.lengths[self.validation], kind="stable")]
        parts = np.split(order, range(256, len(order), 256))
        return sum(self._loss_of(part).item() * len(part) for part in parts) / len(order)

    def describe_batch(self, step: int) -> str:
        """Name the first sequences of this step."""
        rows = self.rows_of(step)
        return f"batch of {len(rows)} sequences: rows {', '.join(map(str, rows[:3]))}, ..."


def _class_weights(codes: np.ndarray, num_classes: int, options: ClassifyOptions) -> Tensor | None:
    """Return what a sequence of each class counts; n / (classes x n_class) where balanced."""
    if options.class_weights == "none":
        return None
    counts = np.bincount(codes, minlength=num_classes)
    weights = np.where(counts > 0, len(codes) / (max((counts > 0).sum(), 1) * np.maximum(counts, 1)), 1.0)
    return torch.tensor(weights, dtype=torch.float32, device=options.device)
