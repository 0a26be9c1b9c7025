"""A fitted tagger: what turns steps into numbers, the network, and the baselines beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.tasks.networks import network_tensors, restore_network
from elman.tasks.tag.inputs import StepEncoder
from elman.tasks.tag.network import TagNetwork, TagSizes
from elman.tasks.tag.options import TagOptions
from elman.tasks.tag.scoring import Baselines


@dataclass(frozen=True)
class TagModel:
    """What a fit leaves.

    Args:
        encoder: steps -> numbers.
        network: numbers -> labels.
        baselines: simple rules, for comparison.
    """

    encoder: StepEncoder
    network: TagNetwork
    baselines: Baselines

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file holds as tensors."""
        found = network_tensors(self.network)
        for name in ("by_symbol", "linear"):
            array = getattr(self.baselines, name)
            if array is not None:
                found[f"baselines.{name}"] = torch.from_numpy(array)
        return found

    def values(self) -> dict[str, Any]:
        """Return what a file holds as JSON."""
        return {"encoder": self.encoder.to_dict(), "majority": self.baselines.majority}

    @classmethod
    def from_parts(
        cls, tensors: Mapping[str, Tensor], values: Mapping[str, Any], options: TagOptions
    ) -> TagModel:
        """Put together what `tensors` and `values` gave."""
        encoder = StepEncoder.from_dict(values["encoder"])
        network = TagNetwork(sizes_for(encoder), options)
        rules: list[np.ndarray | None] = [
            tensors[f"baselines.{name}"].numpy() if f"baselines.{name}" in tensors else None
            for name in ("by_symbol", "linear")
        ]
        baselines = Baselines(int(values["majority"]), *rules)
        return cls(encoder, restore_network(network, tensors, options.device), baselines)


def sizes_for(encoder: StepEncoder) -> TagSizes:
    """Return what a network must fit."""
    inputs = encoder.inputs
    # Beside the known characters: none, and one that is not known.
    num_characters = len(encoder.characters) + 2 if encoder.characters else 0
    return TagSizes(len(inputs.value_names), inputs.vocabulary_sizes, num_characters, len(encoder.labels))
