"""A cell run over sequences, and the recurrent layers of torch.nn."""

from elman.layers.alignment import align_left, align_right
from elman.layers.bidirectional import Bidirectional
from elman.layers.contract import SequenceLayer
from elman.layers.convolution import ConvRecurrent, ImageSweep, TimeDistributed
from elman.layers.gru import GRU
from elman.layers.inputs import (
    ConvEncoder,
    EmbeddingEncoder,
    IdentityEncoder,
    InputEncoder,
    LinearEncoder,
    MultiInput,
)
from elman.layers.lstm import LSTM
from elman.layers.readout import RidgeReadout
from elman.layers.recurrent import Recurrent
from elman.layers.rnn import RNN
from elman.layers.stacked import Stacked
from elman.layers.stateful import Stateful
from elman.layers.stream import Stream
from elman.layers.topologies import (
    AdditiveAttention,
    Bridge,
    EncoderDecoder,
    FeedbackDecoder,
    Generated,
    ManyToMany,
    ManyToOne,
    OneToMany,
    OneToOne,
    forcing_ratio,
    sequence_loss,
)

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AdditiveAttention",
    "Bidirectional",
    "Bridge",
    "ConvEncoder",
    "ConvRecurrent",
    "EmbeddingEncoder",
    "EncoderDecoder",
    "FeedbackDecoder",
    "Generated",
    "IdentityEncoder",
    "ImageSweep",
    "InputEncoder",
    "LinearEncoder",
    "ManyToMany",
    "ManyToOne",
    "MultiInput",
    "OneToMany",
    "OneToOne",
    "Recurrent",
    "RidgeReadout",
    "SequenceLayer",
    "Stacked",
    "Stateful",
    "Stream",
    "TimeDistributed",
    "align_left",
    "align_right",
    "forcing_ratio",
    "sequence_loss",
]
