"""More than one input: an encoder for each, joined into the input of one layer."""

from elman.layers.inputs.encoders import (
    ConvEncoder,
    EmbeddingEncoder,
    IdentityEncoder,
    InputEncoder,
    LinearEncoder,
)
from elman.layers.inputs.multi_input import MultiInput

__all__ = [
    "ConvEncoder",
    "EmbeddingEncoder",
    "IdentityEncoder",
    "InputEncoder",
    "LinearEncoder",
    "MultiInput",
]
