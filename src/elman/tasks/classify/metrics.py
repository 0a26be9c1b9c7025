"""How good the classes are: (N,) codes of the truth and (N, K) probabilities in, numbers out."""

from __future__ import annotations

import numpy as np

METRICS = ("accuracy", "balanced accuracy", "macro F1", "log loss", "calibration error")
NUM_BINS = 10


def confusion(truth: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Return (K, K): how many sequences of each class (row) were given each class (column)."""
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def score(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return every metric of `METRICS`.

    Balanced accuracy is the mean recall of the classes that occur. Macro F1 is the mean over the classes
    that occur or were predicted. The calibration error is the mean distance of confidence and accuracy in
    ten bins of confidence, weighted by their sequences.
    """
    num_classes = probabilities.shape[1]
    counts = confusion(truth, probabilities.argmax(axis=1), num_classes)
    hits, of_class, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    seen = of_class > 0
    either = of_class + predicted > 0
    likelihood = probabilities[np.arange(len(truth)), truth]
    bins = reliability(truth, probabilities)
    figures = (
        hits.sum() / len(truth),
        (hits[seen] / of_class[seen]).mean(),
        (2 * hits[either] / (of_class + predicted)[either]).mean(),
        -np.log(np.maximum(likelihood, 1e-12)).mean(),
        sum(count * abs(confidence - accuracy) for confidence, accuracy, count in bins) / len(truth),
    )
    return {name: float(figure) for name, figure in zip(METRICS, figures, strict=True)}


def reliability(truth: np.ndarray, probabilities: np.ndarray) -> list[tuple[float, float, int]]:
    """Return for each bin of confidence that is not empty: mean confidence, accuracy, sequences.

    Reference:
        Guo, Pleiss, Sun, Weinberger (2017). On calibration of modern neural networks. ICML.
    """
    confidence = probabilities.max(axis=1)
    is_hit = probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    return [
        (float(confidence[place == at].mean()), float(is_hit[place == at].mean()), int((place == at).sum()))
        for at in range(NUM_BINS)
        if (place == at).any()
    ]
