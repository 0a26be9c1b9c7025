"""Which steps and channels mattered: gradients with respect to the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from elman.tasks.classify.encoder import Batch
from elman.tasks.classify.model import ClassifyModel
from elman.tasks.results import Influence

NUM_STRETCHES = 20
_MAX_SEQUENCES = 256


def input_gradients(
    model: ClassifyModel, values: Sequence[np.ndarray], batch_size: int = 64
) -> list[np.ndarray]:
    """Return d log p / d x of the class that the network gives each sequence, (T, C) each.

    x is the standardised input, so the channels can be compared; a missing value has the gradient 0.

    Args:
        model: the classifier; its linear branch has no steps and is left out.
        values: N sequences (T, C).
        batch_size: sequences run at a time; changes no number.

    Reference:
        Simonyan, Vedaldi, Zisserman (2014). Deep inside convolutional networks. ICLR workshop.
    """
    found: list[np.ndarray] = []
    for start in range(0, len(values), batch_size):
        part = values[start : start + batch_size]
        batch = Batch.of([model.encoder.encode(one) for one in part], model.network.head.weight.device)
        input = batch.input.requires_grad_()
        best = model.network(Batch(input, batch.lengths)).log_softmax(dim=1).amax(dim=1).sum()
        (gradient,) = torch.autograd.grad(best, input)
        width = len(model.encoder.channels)
        for at, one in enumerate(part):
            own = gradient[: len(one), at, :width].double().cpu().numpy()
            found.append(np.where(np.isfinite(one), own, 0.0))
    return found


def influence_of(model: ClassifyModel, values: Sequence[np.ndarray]) -> Influence:
    """Return the mean size of the gradients over many sequences, in stretches of relative time."""
    gradients = input_gradients(model, values[:_MAX_SEQUENCES])
    totals = np.zeros((NUM_STRETCHES, len(model.encoder.channels)))
    for one in gradients:
        edges = np.linspace(0, len(one), NUM_STRETCHES + 1)
        first = np.minimum(edges[:-1].astype(int), len(one) - 1)
        last = np.maximum(np.ceil(edges[1:]).astype(int), first + 1)
        totals += np.stack([np.abs(one[a:b]).mean(axis=0) for a, b in zip(first, last, strict=True)])
    mean = (totals / max(len(gradients), 1)).T
    return Influence(model.encoder.channels, [[float(f"{v:.4g}") for v in row] for row in mean.tolist()])
