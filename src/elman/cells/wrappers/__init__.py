"""Cells that hold another cell and change what goes in, what comes out, or what is remembered."""

from elman.cells.wrappers.clip_state_gradient import ClipStateGradient
from elman.cells.wrappers.layer_norm_input import LayerNormInput
from elman.cells.wrappers.recurrent_dropout import RecurrentDropout
from elman.cells.wrappers.residual import Residual
from elman.cells.wrappers.weight_drop import WeightDrop
from elman.cells.wrappers.wrapper import Wrapper
from elman.cells.wrappers.zoneout import Zoneout

__all__ = [
    "ClipStateGradient",
    "LayerNormInput",
    "RecurrentDropout",
    "Residual",
    "WeightDrop",
    "Wrapper",
    "Zoneout",
]
