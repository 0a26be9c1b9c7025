"""A cell run over sequences, and the recurrent layers of torch.nn."""

from elman.layers.gru import GRU
from elman.layers.lstm import LSTM
from elman.layers.recurrent import Recurrent
from elman.layers.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "Recurrent"]
