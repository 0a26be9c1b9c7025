"""Shapes of recurrent networks: what goes in once or at every step, and what comes out so."""

from elman.layers.topologies.attention import AdditiveAttention
from elman.layers.topologies.bridge import Bridge
from elman.layers.topologies.encoder_decoder import EncoderDecoder
from elman.layers.topologies.feedback import FeedbackDecoder
from elman.layers.topologies.forcing import forcing_ratio
from elman.layers.topologies.generated import Generated
from elman.layers.topologies.losses import sequence_loss
from elman.layers.topologies.many_to_many import ManyToMany
from elman.layers.topologies.many_to_one import ManyToOne
from elman.layers.topologies.one_to_many import OneToMany
from elman.layers.topologies.one_to_one import OneToOne

__all__ = [
    "AdditiveAttention",
    "Bridge",
    "EncoderDecoder",
    "FeedbackDecoder",
    "Generated",
    "ManyToMany",
    "ManyToOne",
    "OneToMany",
    "OneToOne",
    "forcing_ratio",
    "sequence_loss",
]
