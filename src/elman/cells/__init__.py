"""The mathematics: one time step each, written as its equation in plain PyTorch, one file a cell."""

from elman.cells.base import Cell
from elman.cells.elman import ElmanCell
from elman.cells.gru import GRUCell
from elman.cells.lstm import LSTMCell
from elman.cells.marks import clip_gradient, observe
from elman.cells.state import State, map_state
from elman.cells.weights import Gate

ALL_CELLS: dict[str, type[Cell]] = {
    "elman": ElmanCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
}

__all__ = [
    "ALL_CELLS",
    "Cell",
    "ElmanCell",
    "GRUCell",
    "Gate",
    "LSTMCell",
    "State",
    "clip_gradient",
    "map_state",
    "observe",
]
