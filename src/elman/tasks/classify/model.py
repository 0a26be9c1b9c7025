"""A fitted classifier: encoder, network, linear branch, and how far it leans on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.data.sequences import Sequences
from elman.tasks.classify.encoder import Batch, ChannelEncoder
from elman.tasks.classify.linear import LinearClassifier, statistics_of
from elman.tasks.classify.network import ClassifyNetwork
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.networks import network_tensors, restore_network

_LINEAR = ("means", "scales", "weight", "bias")


@dataclass(frozen=True)
class ClassifyModel:
    """Everything that turns sequences into probabilities.

    Args:
        encoder: of the channels.
        network: the recurrent branch.
        linear: the linear branch, which is also the baseline.
        blend: what the linear branch counts, in [0, 1].
        classes: K of them, in order.
        shares: (K,) of the sequences that were learned from.
    """

    encoder: ChannelEncoder
    network: ClassifyNetwork
    linear: LinearClassifier
    blend: float
    classes: tuple[Any, ...]
    shares: np.ndarray

    def network_probabilities(self, values: Sequence[np.ndarray], batch_size: int = 64) -> np.ndarray:
        """Return what the recurrent branch says, (N, K); `batch_size` changes speed and memory alone."""
        encoded = [self.encoder.encode(one) for one in values]
        return network_probabilities(self.network, encoded, batch_size)

    def probabilities(self, values: Sequence[np.ndarray], batch_size: int = 64) -> np.ndarray:
        """Return (N, K)."""
        found = self.network_probabilities(values, batch_size) if self.blend < 1 else 0.0
        return (1 - self.blend) * found + self.blend * self.linear_probabilities(values)

    def linear_probabilities(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return what the linear branch says, (N, K)."""
        return self.linear.probabilities(statistics_of([self.encoder.standardised(one) for one in values]))

    def check(self, sequences: Sequences) -> None:
        """Make sure that sequences have the channels of the training.

        Raises:
            DataError: they do not.
        """
        self.encoder.require_channels(sequences.channels, sequences.values[0].shape[1])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return everything that is a tensor, by name."""
        linear = {f"linear.{name}": torch.from_numpy(getattr(self.linear, name)) for name in _LINEAR}
        return {**network_tensors(self.network), **linear, "shares": torch.from_numpy(self.shares)}

    def values(self) -> dict[str, Any]:
        """Return everything else as values that JSON can hold."""
        return {
            "encoder": self.encoder.to_dict(),
            "classes": list(self.classes),
            "blend": self.blend,
            "penalty": self.linear.penalty,
        }

    @classmethod
    def from_parts(
        cls, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any], options: ClassifyOptions
    ) -> ClassifyModel:
        """Return the model that `tensors` and `values` described."""
        encoder, classes = ChannelEncoder.from_dict(values["encoder"]), tuple(values["classes"])
        network = ClassifyNetwork(encoder.input_size, len(classes), options)
        linear = LinearClassifier(
            **{name: tensors[f"linear.{name}"].numpy() for name in _LINEAR}, penalty=values["penalty"]
        )
        network = restore_network(network, tensors, options.device)
        return cls(encoder, network, linear, values["blend"], classes, tensors["shares"].numpy())


def network_probabilities(
    network: ClassifyNetwork, encoded: Sequence[torch.Tensor], batch_size: int = 64
) -> np.ndarray:
    """Return the classes' probabilities, (N, K); sequences of like length are run together.

    Args:
        network: in its mode of use.
        encoded: N tensors (T, I).
        batch_size: sequences run at a time.
    """
    device = network.head.weight.device
    order = sorted(range(len(encoded)), key=lambda row: len(encoded[row]))
    found = np.empty((len(encoded), network.head.out_features))
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            scores = network(Batch.of([encoded[row] for row in rows], device))
            found[rows] = scores.double().softmax(dim=1).cpu().numpy()
    return found
