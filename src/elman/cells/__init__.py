"""The mathematics: one time step each, written as its equation in plain PyTorch, one file a cell."""

from elman.cells.base import Cell
from elman.cells.cfc import CfCCell
from elman.cells.clockwork import ClockworkCell
from elman.cells.continuous_time import ContinuousTimeCell
from elman.cells.convolution import ConvCell, ConvGRUCell, ConvLSTMCell, ConvRNNCell
from elman.cells.cornn import CoRNNCell
from elman.cells.coupled_lstm import CoupledLSTMCell
from elman.cells.deep_transition import DeepTransitionCell
from elman.cells.echo_state import EchoStateCell
from elman.cells.elman import ElmanCell
from elman.cells.fast_grnn import FastGRNNCell
from elman.cells.gru import GRUCell
from elman.cells.indrnn import IndRNNCell
from elman.cells.jordan import JordanCell
from elman.cells.layer_norm_gru import LayerNormGRUCell
from elman.cells.layer_norm_lstm import LayerNormLSTMCell
from elman.cells.leaky import LeakyCell
from elman.cells.legendre_memory import LegendreMemoryCell
from elman.cells.lem import LEMCell
from elman.cells.light_recurrent import LightRecurrentCell
from elman.cells.linear_recurrent import LinearRecurrentCell
from elman.cells.lstm import LSTMCell
from elman.cells.lstm_1997 import LSTM1997Cell
from elman.cells.lstm_block import LSTMBlockCell
from elman.cells.marks import clip_gradient, observe
from elman.cells.min_gru import MinGRUCell
from elman.cells.min_lstm import MinLSTMCell
from elman.cells.minimal_gated import MinimalGatedCell
from elman.cells.multiplicative_elman import MultiplicativeElmanCell
from elman.cells.multiplicative_lstm import MultiplicativeLSTMCell
from elman.cells.peephole_lstm import PeepholeLSTMCell
from elman.cells.projection_lstm import ProjectionLSTMCell
from elman.cells.qrnn import QRNNCell
from elman.cells.recurrent_highway import RecurrentHighwayCell
from elman.cells.second_order import SecondOrderCell
from elman.cells.skip import SkipCell
from elman.cells.slstm import SLSTMCell
from elman.cells.sru import SRUCell
from elman.cells.state import State, map_state
from elman.cells.ugrnn import UGRNNCell
from elman.cells.weights import Gate
from elman.cells.wrappers import (
    ClipStateGradient,
    LayerNormInput,
    RecurrentDropout,
    Residual,
    WeightDrop,
    Wrapper,
    Zoneout,
)

ALL_CELLS: dict[str, type[Cell]] = {
    "elman": ElmanCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
    "lstm_block": LSTMBlockCell,
    "lstm_1997": LSTM1997Cell,
    "peephole_lstm": PeepholeLSTMCell,
    "coupled_lstm": CoupledLSTMCell,
    "projection_lstm": ProjectionLSTMCell,
    "layer_norm_lstm": LayerNormLSTMCell,
    "layer_norm_gru": LayerNormGRUCell,
    "multiplicative_lstm": MultiplicativeLSTMCell,
    "slstm": SLSTMCell,
    "minimal_gated": MinimalGatedCell,
    "ugrnn": UGRNNCell,
    "light_recurrent": LightRecurrentCell,
    "fast_grnn": FastGRNNCell,
    "recurrent_highway": RecurrentHighwayCell,
    "indrnn": IndRNNCell,
    "leaky_integrator": LeakyCell,
    "continuous_time": ContinuousTimeCell,
    "jordan": JordanCell,
    "multiplicative_elman": MultiplicativeElmanCell,
    "clockwork": ClockworkCell,
    "skip_connection": SkipCell,
    "cornn": CoRNNCell,
    "long_expressive_memory": LEMCell,
    "cfc": CfCCell,
    "echo_state": EchoStateCell,
    "legendre_memory": LegendreMemoryCell,
    "linear_recurrent": LinearRecurrentCell,
    "min_gru": MinGRUCell,
    "min_lstm": MinLSTMCell,
    "qrnn": QRNNCell,
    "sru": SRUCell,
    "deep_transition": DeepTransitionCell,
    "second_order": SecondOrderCell,
}
ALL_WRAPPERS: dict[str, type[Wrapper]] = {
    "clip_state_gradient": ClipStateGradient,
    "zoneout": Zoneout,
    "recurrent_dropout": RecurrentDropout,
    "weight_drop": WeightDrop,
    "layer_norm_input": LayerNormInput,
    "residual": Residual,
}

__all__ = [
    "ALL_CELLS",
    "ALL_WRAPPERS",
    "Cell",
    "CfCCell",
    "ClipStateGradient",
    "ClockworkCell",
    "CoRNNCell",
    "ContinuousTimeCell",
    "ConvCell",
    "ConvGRUCell",
    "ConvLSTMCell",
    "ConvRNNCell",
    "CoupledLSTMCell",
    "DeepTransitionCell",
    "EchoStateCell",
    "ElmanCell",
    "FastGRNNCell",
    "GRUCell",
    "Gate",
    "IndRNNCell",
    "JordanCell",
    "LEMCell",
    "LSTM1997Cell",
    "LSTMBlockCell",
    "LSTMCell",
    "LayerNormGRUCell",
    "LayerNormInput",
    "LayerNormLSTMCell",
    "LeakyCell",
    "LegendreMemoryCell",
    "LightRecurrentCell",
    "LinearRecurrentCell",
    "MinGRUCell",
    "MinLSTMCell",
    "MinimalGatedCell",
    "MultiplicativeElmanCell",
    "MultiplicativeLSTMCell",
    "PeepholeLSTMCell",
    "ProjectionLSTMCell",
    "QRNNCell",
    "RecurrentDropout",
    "RecurrentHighwayCell",
    "Residual",
    "SLSTMCell",
    "SRUCell",
    "SecondOrderCell",
    "SkipCell",
    "State",
    "UGRNNCell",
    "WeightDrop",
    "Wrapper",
    "Zoneout",
    "clip_gradient",
    "map_state",
    "observe",
]
