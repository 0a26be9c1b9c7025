"""Cells whose state is an image: their linear maps are convolutions."""

from elman.cells.convolution.base import ConvCell
from elman.cells.convolution.gru import ConvGRUCell
from elman.cells.convolution.lstm import ConvLSTMCell
from elman.cells.convolution.rnn import ConvRNNCell

__all__ = ["ConvCell", "ConvGRUCell", "ConvLSTMCell", "ConvRNNCell"]
