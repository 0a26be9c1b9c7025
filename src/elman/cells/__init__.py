"""The mathematics: one time step each, written as its equation in plain PyTorch, one file a cell."""

from elman.cells.base import Cell
from elman.cells.cfc import CfCCell
from elman.cells.clockwork import ClockworkCell
from elman.cells.continuous_time import ContinuousTimeCell
from elman.cells.cornn import CoRNNCell
from elman.cells.elman import ElmanCell
from elman.cells.gru import GRUCell
from elman.cells.indrnn import IndRNNCell
from elman.cells.jordan import JordanCell
from elman.cells.leaky import LeakyCell
from elman.cells.lem import LEMCell
from elman.cells.lstm import LSTMCell
from elman.cells.marks import clip_gradient, observe
from elman.cells.multiplicative_elman import MultiplicativeElmanCell
from elman.cells.skip import SkipCell
from elman.cells.state import State, map_state
from elman.cells.weights import Gate

ALL_CELLS: dict[str, type[Cell]] = {
    "elman": ElmanCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
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
}

__all__ = [
    "ALL_CELLS",
    "Cell",
    "CfCCell",
    "ClockworkCell",
    "CoRNNCell",
    "ContinuousTimeCell",
    "ElmanCell",
    "GRUCell",
    "Gate",
    "IndRNNCell",
    "JordanCell",
    "LEMCell",
    "LSTMCell",
    "LeakyCell",
    "MultiplicativeElmanCell",
    "SkipCell",
    "State",
    "clip_gradient",
    "map_state",
    "observe",
]
