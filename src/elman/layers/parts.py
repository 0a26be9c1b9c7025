"""The layers inside a layer: a cell put into one, and a twin that reads from the end."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import Cell
from elman.cells.convolution import ConvCell
from elman.cells.options import what_came
from elman.errors import DtypeError, OptionError
from elman.layers.contract import SequenceLayer
from elman.layers.convolution import ConvRecurrent
from elman.layers.recurrent import Recurrent


def as_layer(name: str, value: object, *, batch_first: bool, reverse: bool = False) -> SequenceLayer:
    """Return a layer as it is, and a cell in a layer of its own.

    Args:
        name: What the caller knows it as.
        value: A layer or a cell.
        batch_first: Which layout a cell's layer has.
        reverse: Whether a cell's layer reads from the end.

    Raises:
        DtypeError: It is neither.
        OptionError: `batch_first` is not a bool.
    """
    if isinstance(value, Cell):
        return Recurrent(value, batch_first=batch_first, reverse=reverse)
    if isinstance(value, ConvCell):
        return ConvRecurrent(value, batch_first=batch_first, reverse=reverse)
    if isinstance(value, SequenceLayer):
        return value
    raise DtypeError(
        f"`{name}` must be a layer or an elman.Cell, but it is {what_came(value)}.{_remedy(value)}"
    )


def _remedy(value: object) -> str:
    """Return what to do instead, where that is known."""
    if isinstance(value, list | tuple | nn.ModuleList | nn.Sequential):
        return "\n    Give them one by one: Stacked(*layers)."
    if isinstance(value, nn.RNNBase):
        return f"\n    Take elman.{type(value).__name__}, which loads the same state dictionary."
    if isinstance(value, nn.Module):
        return "\n    A module without a state goes around layers: see `elman.layers.TimeDistributed`."
    return ""


def reversed_twin(layer: SequenceLayer) -> SequenceLayer:
    """Return a layer like another that reads from the end and has parameters of its own.

    Args:
        layer: What its messages call `forward`; a layer with `reverse`, or one made of such layers.

    Raises:
        OptionError: A layer has no `reverse`, or no parameter is drawn anew.
    """
    twin = copy.deepcopy(layer)
    for name, module in twin.named_modules():
        inside = [one for one in module.modules() if isinstance(one, SequenceLayer) and one is not module]
        if not isinstance(module, SequenceLayer) or inside:
            continue
        if not isinstance(getattr(module, "reverse", None), bool):
            where, kind = f"forward.{name}" if name else "`forward`", type(module).__name__
            own = f"elman.{kind}(..., bidirectional=True), or " if isinstance(module, nn.RNNBase) else ""
            raise OptionError(
                f"{where} is a {kind}, which cannot read from the end.\n"
                f"    Take {own}a layer that does: Bidirectional(forward, backward)."
            )
        turned: Any = module
        turned.reverse = not turned.reverse
        _draw_anew(module)
    if _is_same(layer, twin):
        raise OptionError(
            "no twin of `forward` can be made: its `reset_parameters` draws nothing anew.\n"
            "    Write it in the cell, or give a layer: Bidirectional(forward, backward)."
        )
    return twin


def _draw_anew(layer: nn.Module) -> None:
    """Draw the parameters of a layer, or, where it leaves that to its cell, of the cell."""
    for module in (layer, *layer.children()):
        draw = getattr(module, "reset_parameters", None)
        if draw is not None:
            draw()
            return


def _is_same(layer: SequenceLayer, twin: SequenceLayer) -> bool:
    """Whether the numbers of two layers are the same, and not those that every fresh layer has."""
    pairs = list(zip(layer.parameters(), twin.parameters(), strict=True))
    return any(_is_drawn(one) for one, _ in pairs) and all(torch.equal(one, other) for one, other in pairs)


def _is_drawn(parameter: Tensor) -> bool:
    return not parameter.is_meta and bool((parameter != parameter.flatten()[0]).any())
