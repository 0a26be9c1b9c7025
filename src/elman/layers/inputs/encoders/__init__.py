"""What turns one kind of input into features, frame by frame; one file an encoder."""

from elman.layers.inputs.encoders.base import InputEncoder
from elman.layers.inputs.encoders.convolution import ConvEncoder
from elman.layers.inputs.encoders.embedding import EmbeddingEncoder
from elman.layers.inputs.encoders.identity import IdentityEncoder
from elman.layers.inputs.encoders.linear import LinearEncoder

__all__ = ["ConvEncoder", "EmbeddingEncoder", "IdentityEncoder", "InputEncoder", "LinearEncoder"]
