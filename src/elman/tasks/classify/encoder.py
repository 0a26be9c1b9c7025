"""Sequences as a network reads them: standardised channels, and where each was missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.errors import DataError


@dataclass(frozen=True)
class ChannelEncoder:
    """Brings each channel to mean 0 and deviation 1; missing values become 0 and are marked.

    Args:
        channels: C names.
        means: (C,) of the training part.
        scales: (C,) deviations there, 1 for a constant channel.
        masked: indices of the channels with a missing value there: each has an input more, 1 where it was
            observed.
    """

    channels: tuple[str, ...]
    means: np.ndarray
    scales: np.ndarray
    masked: tuple[int, ...]

    @classmethod
    def fit(cls, channels: tuple[str, ...], values: Sequence[np.ndarray]) -> ChannelEncoder:
        """Learn from the sequences of the training part, each (T, C)."""
        rows = np.concatenate(list(values))
        observed = np.isfinite(rows)
        count = np.maximum(observed.sum(axis=0), 1)
        means = np.where(observed, rows, 0.0).sum(axis=0) / count
        scales = np.sqrt((np.where(observed, rows - means, 0.0) ** 2).sum(axis=0) / count)
        # The deviation of equal numbers may be a rounding error.
        scales = np.where(scales > 1e-12 * np.maximum(np.abs(means), 1e-30), scales, 1.0)
        return cls(channels, means, scales, tuple(np.flatnonzero(~observed.all(axis=0)).tolist()))

    @property
    def input_size(self) -> int:
        """Inputs of a step."""
        return len(self.channels) + len(self.masked)

    def standardised(self, values: np.ndarray) -> np.ndarray:
        """Return a sequence with mean 0 and deviation 1, NaN where missing, (T, C)."""
        return (values - self.means) / self.scales

    def encode(self, values: np.ndarray) -> Tensor:
        """Return what the network reads of a sequence, (T, input_size)."""
        observed = np.isfinite(values)
        clean = np.where(observed, self.standardised(values), 0.0)
        return torch.from_numpy(np.concatenate([clean, observed[:, self.masked]], axis=1).astype(np.float32))

    def require_channels(self, channels: Sequence[str], width: int) -> None:
        """Make sure that other sequences have the channels of the training.

        Raises:
            DataError: they do not.
        """
        if width != len(self.channels):
            raise DataError(
                f"The sequences have {width} channels, but the classifier learned {len(self.channels)}."
            )
        generic = all(name.startswith("channel ") for name in (*channels, *self.channels))
        if not generic and tuple(channels) != self.channels:
            raise DataError(
                f"The channels are {list(channels)}, but the classifier learned {list(self.channels)}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return {
            "channels": list(self.channels),
            "means": self.means.tolist(),
            "scales": self.scales.tolist(),
            "masked": list(self.masked),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> ChannelEncoder:
        """Return what `to_dict` described."""
        means, scales = np.array(state["means"]), np.array(state["scales"])
        return cls(tuple(state["channels"]), means, scales, tuple(state["masked"]))


@dataclass(frozen=True)
class Batch:
    """N sequences side by side, the shorter ones padded with zeros at the end.

    Args:
        input: (T, N, I).
        lengths: (N,) true lengths.
    """

    input: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, encoded: Sequence[Tensor], device: torch.device | None = None) -> Batch:
        """Pad sequences (T, I) to the longest."""
        input = torch.nn.utils.rnn.pad_sequence(list(encoded))
        return cls(input.to(device), torch.tensor([len(one) for one in encoded]))
