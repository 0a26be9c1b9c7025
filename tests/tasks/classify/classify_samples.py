"""Sequences whose class is their frequency, of lengths 2 to 60, with gaps."""

import numpy as np

SMALL = {"hidden_size": 8, "num_steps": 30, "evaluate_every": 10, "batch_size": 8}


def waves(number: int = 60, seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """Slow and fast waves in two channels; every tenth value is missing."""
    draw = np.random.default_rng(seed)
    sequences, labels = [], []
    for at in range(number):
        time = np.arange(draw.integers(2, 60))[:, None] + draw.uniform(0, 9)
        values = np.sin(time * (0.3, 1.5)[at % 2] + np.array([0, 1])) + draw.normal(0, 0.1, (len(time), 2))
        values[draw.random(values.shape) < 0.1] = np.nan
        sequences.append(values)
        labels.append(("slow", "fast")[at % 2])
    return sequences, labels
