"""What the tasks' networks have in common: their layers, fresh weights, and how they lie in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from elman.cells import ALL_CELLS, Cell
from elman.cells.options import check_choice
from elman.errors import OptionError
from elman.layers import GRU, LSTM, RNN, Bidirectional, Recurrent
from elman.layers.contract import SequenceLayer
from elman.layers.named_cells import is_own, load_cell
from elman.layers.named_cells import make_cell as make_named_cell

CellChoice = str | Callable[[int, int], Any]
"""A name of `elman.cells.ALL_CELLS`, one of the user's own as FILE.py:CLASS or MODULE:CLASS, or a function of
(input_size, hidden_size) that makes a cell."""

Network = TypeVar("Network", bound=nn.Module)

_TORCH_LAYERS = {"lstm": LSTM, "gru": GRU, "elman": RNN}
_PREFIX = "network."


def cell_name(cell: CellChoice) -> str:
    """Return a cell as it is shown to people."""
    if not isinstance(cell, str):
        return getattr(cell, "__name__", type(cell).__name__)
    if is_own(cell):
        return cell.rpartition(":")[2]
    return cell.upper() if cell in ("lstm", "gru") else cell


def check_cell(cell: CellChoice) -> None:
    """Refuse a name that no cell has.

    Args:
        cell: a name, or a function, which shows what it makes when it is called.

    Raises:
        OptionError: there is no such cell, or the file of a user's own cannot be run.
    """
    if isinstance(cell, str):
        if is_own(cell):
            load_cell(cell)
        else:
            check_choice("cell", cell, ALL_CELLS)


def make_cell(cell: CellChoice, input_size: int, hidden_size: int) -> Cell:
    """Return a cell.

    Raises:
        OptionError: `cell` is no name of a cell, or the function does not return one.
    """
    if isinstance(cell, str):
        check_cell(cell)
        return make_named_cell(cell, input_size, hidden_size)
    if not callable(cell):
        raise OptionError(f"`cell` must be a name or a function that makes a cell, but it is {cell!r}.")
    made = cast("Any", cell(input_size, hidden_size))
    if not isinstance(made, Cell):
        raise OptionError(f"`cell` must make an elman.Cell, but it made a {type(made).__name__}.")
    return made


def make_layer(
    cell: CellChoice, input_size: int, hidden_size: int, *, bidirectional: bool = False
) -> SequenceLayer:
    """Return a layer of `cell`: the one in the place of torch.nn's where there is one.

    Raises:
        OptionError: `cell` is no name of a cell, or the function does not return one.
    """
    if isinstance(cell, str) and cell in _TORCH_LAYERS:
        return _TORCH_LAYERS[cell](input_size, hidden_size, bidirectional=bidirectional)
    made = make_cell(cell, input_size, hidden_size)
    if not bidirectional:
        return Recurrent(made)
    if isinstance(cell, str) and not is_own(cell):
        return Bidirectional(made)
    # One of the user's own need not know how to draw its weights anew.
    return Bidirectional(Recurrent(made), Recurrent(make_cell(cell, input_size, hidden_size), reverse=True))


def make_layers(
    cell: CellChoice, input_size: int, hidden_size: int, num_layers: int, *, bidirectional: bool = False
) -> list[SequenceLayer]:
    """Return layers of `cell`, each of which reads the one before it.

    Raises:
        OptionError: as for `make_layer`.
    """
    layers: list[SequenceLayer] = []
    for _ in range(num_layers):
        layers.append(make_layer(cell, input_size, hidden_size, bidirectional=bidirectional))
        input_size = layers[-1].output_size
    return layers


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw fresh weights that depend on the seed alone, and leave torch's own generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def count_parameters(network: nn.Module) -> int:
    """Return how many numbers of a network are learned."""
    return sum(one.numel() for one in network.parameters() if one.requires_grad)


def network_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the network's part of a model's file; tensors by name."""
    return {f"{_PREFIX}{name}": one for name, one in network.state_dict().items()}


def restore_network(network: Network, tensors: Mapping[str, Tensor], device: str) -> Network:
    """Give a network the weights that `network_tensors` named, and make it ready for use.

    Args:
        network: of the right sizes.
        tensors: of a model's file; those of other parts are passed over.
        device: where the network goes.

    Raises:
        RuntimeError: a tensor is missing, of another shape, or one too many.
    """
    own = {name.removeprefix(_PREFIX): one for name, one in tensors.items() if name.startswith(_PREFIX)}
    network.load_state_dict(own)
    return network.to(device).eval()
