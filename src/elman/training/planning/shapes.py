"""Layers called on numbers of no meaning, to see what that takes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.cells.options import check_size
from elman.errors import OptionError
from elman.layers import Recurrent, Stacked
from elman.layers.named_cells import make_cell


def make_network(cell: str, input_size: int, hidden_size: int, num_layers: int) -> nn.Module:
    """Return layers of one kind of cell on top of one another.

    Args:
        cell: A cell's class or short name, or FILE.py:CLASS.
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units of each layer, H.
        num_layers: How many there are.

    Raises:
        OptionError: There is no such cell, or a size is not positive.
    """
    check_size("num_layers", num_layers)
    layers = []
    for _ in range(num_layers):
        layers.append(make_cell(cell, input_size, hidden_size))
        input_size = layers[-1].output_size
    return Recurrent(layers[0]) if num_layers == 1 else Stacked(*layers)


def make_input(layer: nn.Module, num_steps: int, batch_size: int) -> Tensor:
    """Return an input of a layer over sequences.

    Args:
        layer: Any layer over sequences.
        num_steps: T.
        batch_size: N.

    Raises:
        OptionError: It does not say how many features it reads.
    """
    size = getattr(layer, "input_size", None)
    if not isinstance(size, int):
        raise OptionError(
            "`layer` must be a layer over sequences with an `input_size`, such as elman.LSTM, but it is a "
            f"{type(layer).__name__}."
        )
    example = next(layer.parameters(), torch.empty(0))
    shape = (batch_size, num_steps) if getattr(layer, "batch_first", False) else (num_steps, batch_size)
    return torch.zeros(*shape, size, dtype=example.dtype, device=example.device).normal_()
