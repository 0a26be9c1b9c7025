"""A linear model on summary statistics: the baseline a network must beat, and a branch beside it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
_FARTHEST = 6.0
"""Deviations from the mean at which a statistic is cut off: a linear model extrapolates without limit."""


def summarise(values: np.ndarray) -> np.ndarray:
    """Return statistics of a sequence: its length, and ten of each channel.

    Mean, deviation, least, largest, first and last value, slope over the sequence, mean absolute change,
    mean of the middle third, share observed; 0 where nothing was observed.

    Args:
        values: (T, C), NaN where missing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of means over nothing
        parts = [*_of_channel_values(values), np.isfinite(values).mean(axis=0)]
    return np.nan_to_num(np.concatenate([[np.log(len(values))], *parts]))


def _of_channel_values(values: np.ndarray) -> list[np.ndarray]:
    observed = np.isfinite(values)
    centred = np.linspace(-1, 1, len(values))[:, None] if len(values) > 1 else np.zeros((1, 1))
    time = np.where(observed, centred, np.nan)
    mean = np.nanmean(values, axis=0)
    spread = np.nanvar(time, axis=0)
    slope = np.nanmean((time - np.nanmean(time, axis=0)) * (values - mean), axis=0) / np.where(
        spread > 0, spread, 1
    )
    first, last = observed.argmax(axis=0), len(values) - 1 - observed[::-1].argmax(axis=0)
    channel = np.arange(values.shape[1])
    third = len(values) // 3
    change = np.nanmean(np.abs(np.diff(values, axis=0)), axis=0) if len(values) > 1 else 0 * mean
    return [
        mean,
        np.nanstd(values, axis=0),
        np.nanmin(values, axis=0),
        np.nanmax(values, axis=0),
        values[first, channel],
        values[last, channel],
        slope,
        change,
        np.nanmean(values[third : len(values) - third], axis=0),
    ]


@dataclass(frozen=True)
class LinearClassifier:
    """Multinomial logistic regression on the statistics of `summarise`.

    Equations:
        (1) z = (s - mean) / scale, cut off at six deviations
        (2) p = softmax(W z + b)
        W, b minimise the mean of -log p_k over the sequences, and penalty / 2 ||W||^2

    Args:
        means: (F,).
        scales: (F,).
        weight: (classes, F).
        bias: (classes,).
        penalty: on the square of the weights.
    """

    means: np.ndarray
    scales: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    penalty: float

    @classmethod
    def fit(
        cls, statistics: np.ndarray, codes: np.ndarray, num_classes: int, penalty: float
    ) -> LinearClassifier:
        """Learn from (N, F) statistics and (N,) classes."""
        means, scales = statistics.mean(axis=0), statistics.std(axis=0)
        scales = np.where(scales > 1e-9, scales, 1.0)
        bare = cls(means, scales, np.empty(0), np.empty(0), penalty)
        weight, bias = _minimise(
            torch.from_numpy(bare._scaled(statistics)), torch.from_numpy(codes), num_classes, penalty
        )
        return cls(means, scales, weight, bias, penalty)

    def _scaled(self, statistics: np.ndarray) -> np.ndarray:
        return np.clip((statistics - self.means) / self.scales, -_FARTHEST, _FARTHEST)

    def probabilities(self, statistics: np.ndarray) -> np.ndarray:
        """Return (N, classes)."""
        scores = self._scaled(statistics) @ self.weight.T + self.bias
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


def _minimise(
    inputs: torch.Tensor, codes: torch.Tensor, num_classes: int, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    weight = torch.zeros(num_classes, inputs.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(num_classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=300, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scores = inputs @ weight.T + bias
        value = torch.nn.functional.cross_entropy(scores, codes) + penalty / 2 * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)  # pyright: ignore[reportArgumentType]
    return weight.detach().numpy(), bias.detach().numpy()


def statistics_of(values: Sequence[np.ndarray]) -> np.ndarray:
    """Return the statistics of N sequences, (N, F)."""
    return np.stack([summarise(one) for one in values])
