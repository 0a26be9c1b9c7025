"""The cells behind a layer of torch.nn: they bring the equation, the layer the parameters."""

import weakref
from collections.abc import Mapping
from itertools import count
from types import SimpleNamespace
from typing import Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from elman.cells import Cell


class MakesCells(Protocol):
    """A layer that can say what one time step computes."""

    def make_cell(self, input_size: int) -> Cell:
        """Return a cell of that input size."""
        ...


_cells: WeakKeyDictionary[MakesCells, dict[int, tuple[tuple, Cell]]] = WeakKeyDictionary()

_traced = SimpleNamespace()  # cells by name; of a dict a trace would see what was in it at first
_numbers = count()


def cell_of(layer: MakesCells, index: int, input_size: int, weights: Mapping[str, Tensor]) -> Cell:
    """Return the cell of one layer and direction, made anew if the weights have other shapes or dtypes.

    Its own parameters are shaped like the weights and hold nothing of meaning.

    Args:
        layer: The layer.
        index: Which of its layers and directions.
        input_size: Number of features that it reads.
        weights: The layer's parameters, by name without its number.
    """
    cells = _cells.setdefault(layer, {})
    key = tuple((name, weight.shape, weight.dtype, weight.device) for name, weight in weights.items())
    known = cells.get(index)
    if known is None or known[0] != key:
        cells[index] = known = key, _make_cell(layer, input_size, weights)
    return known[1]


def known_cell(layer: MakesCells, index: int) -> Cell | None:
    """Return the cell that a layer and direction had at its last call; None before the first.

    Args:
        layer: The layer.
        index: Which of its layers and directions.
    """
    known = _cells.get(layer, {}).get(index)
    return None if known is None else known[1]


def traced_cell_of(layer: MakesCells, index: int, input_size: int, weights: Mapping[str, Tensor]) -> Cell:
    """Do as `cell_of`, in words that torch.compile can read; the arguments are the same."""
    kinds = [(name, tuple(weight.shape), weight.dtype) for name, weight in weights.items()]
    return getattr(_traced, _name(layer, index, input_size, kinds))


def _name(layer: MakesCells, index: int, input_size: int, kinds: list[tuple]) -> str:
    weights = {name: torch.empty(shape, dtype=dtype) for name, shape, dtype in kinds}
    name = f"cell_{next(_numbers)}"
    setattr(_traced, name, cell_of(layer, index, input_size, weights))
    weakref.finalize(layer, delattr, _traced, name)
    return name


_name._dynamo_marked_constant = True  # pyright: ignore[reportFunctionMemberAccess] - a trace runs it


def _make_cell(layer: MakesCells, input_size: int, weights: Mapping[str, Tensor]) -> Cell:
    with torch.device("meta"):
        cell = layer.make_cell(input_size)
    generator = torch.Generator().manual_seed(0)  # nobody's random numbers are drawn
    for name, _ in list(cell.named_parameters()):
        path, _, leaf = name.rpartition(".")
        like = weights[leaf]
        numbers = torch.rand(like.shape, generator=generator, dtype=torch.float64).to(like)
        setattr(cell.get_submodule(path), leaf, nn.Parameter(numbers, requires_grad=False))
    return cell
