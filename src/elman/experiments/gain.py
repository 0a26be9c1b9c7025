"""How far back the gradients of a network reach, at few enough lags to be kept with the results."""

from __future__ import annotations

import math
from collections.abc import Iterator

from elman.diagnostics import gradient_by_lag
from elman.experiments.problems import Examples
from elman.layers.contract import SequenceLayer

NUM_SEQUENCES = 4


def gradient_gain(layer: SequenceLayer, examples: Examples) -> dict[int, float | None]:
    """Return how much of a push to the state is left at each lag; None where that is no finite number.

    It is measured on the longest of the sequences, and needs no loss: some problems ask for an output at
    every step, where the gradient of the loss would tell of the nearest ones alone.

    Args:
        layer: That runs over them.
        examples: Of the problem.
    """
    order = examples.lengths.argsort(descending=True, stable=True)[:NUM_SEQUENCES]
    (found,) = gradient_by_lag(layer, examples.input[:, order], lengths=examples.lengths[order])
    gains = found.gain[: int(examples.lengths[order[0]])]
    return {lag: _brief(float(gains[lag])) for lag in choose_lags(len(gains))}


def choose_lags(num_steps: int) -> Iterator[int]:
    """Yield lags, each the next or an eighth further: 92 up to a hundred thousand steps.

    They are the same whatever the number of steps, so that medians over seeds can be taken lag by lag.

    Args:
        num_steps: Of the sequence.
    """
    lag = 0
    while lag < num_steps:
        yield lag
        lag = max(lag + 1, lag * 9 // 8)


def _brief(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None
