"""Values at time steps, told by how far they are from the end of running."""

import numpy as np


def hide_padding(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return values (T, N, ...) with NaN behind each sequence's end.

    Args:
        values: Floating point.
        lengths: Number of time steps of each sequence, (N,).
    """
    alive = live_steps(len(values), lengths)
    return np.where(alive.reshape(*alive.shape, *[1] * (values.ndim - 2)), values, np.nan)


def live_steps(num_steps: int, lengths: np.ndarray) -> np.ndarray:
    """Return whether a step belongs to its sequence, (T, N).

    Args:
        num_steps: The largest number of time steps, T.
        lengths: Number of time steps of each sequence, (N,).
    """
    return np.arange(num_steps)[:, None] < lengths


def mean_of_live(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the mean of values (T, N) over the sequences that are as long, (T,); NaN in one is NaN.

    Args:
        values: By time, or by lag.
        lengths: Number of time steps of each sequence, (N,).
    """
    alive = live_steps(len(values), lengths)
    total, count = np.where(alive, values, 0.0).sum(axis=1), alive.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def by_lag(values: np.ndarray, lengths: np.ndarray, is_reverse: bool) -> np.ndarray:
    """Return values (T, N) in the order of their lag: 0 is the step that a sequence ran last.

    Args:
        values: One number a step and sequence.
        lengths: Number of time steps of each sequence, (N,).
        is_reverse: Whether sequences ran from their ends, so that t = 0 came last.
    """
    lags = np.arange(len(values))[:, None]
    times = lags if is_reverse else lengths - 1 - lags
    found = np.take_along_axis(values, np.clip(times, 0, None) + np.zeros_like(lengths), axis=0)
    return np.where(lags < lengths, found, np.nan)


def mean_of_present(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean along an axis of what is not NaN; NaN where nothing is left.

    Args:
        values: Floating point.
        axis: The axis that goes.
    """
    present = ~np.isnan(values)
    count = present.sum(axis)
    total = np.where(present, values, 0.0).sum(axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
