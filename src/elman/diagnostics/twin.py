"""A copy of a network, on the same weights, whose cells are wrapped; the network itself is left alone."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from elman.cells import Cell
from elman.diagnostics.unrolled import Unrolled
from elman.layers import Recurrent

Wrap = Callable[[Cell], Cell]
Module = TypeVar("Module", bound=nn.Module)

HOOKS = ("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called")


@dataclass(frozen=True)
class Twin:
    """A copy of a network.

    Args:
        module: The copy: parameters are the network's, without a gradient; buffers are copies of its own.
        layers: Each cell that is run over sequences, by the path to it.
    """

    module: nn.Module
    layers: dict[str, Recurrent]


def make_twin(module: nn.Module, wrap: Wrap) -> Twin:
    """Copy a network, its cells wrapped.

    Layers of torch.nn are taken apart, one `Recurrent` for each layer and direction.

    Args:
        module: The network.
        wrap: What is done to each cell that is run over sequences.
    """
    layers: dict[str, Recurrent] = {}
    twin = _copy(module, "", wrap, layers, {})
    return Twin(twin, layers)


def _copy(
    module: nn.Module, path: str, wrap: Wrap, layers: dict[str, Recurrent], known: dict[int, nn.Module]
) -> nn.Module:
    if id(module) in known:
        return known[id(module)]
    twin = known[id(module)] = shallow_copy(module)
    if isinstance(module, Recurrent):
        vars(twin)["_modules"] = {"cell": wrap(_copy_tree(module.cell))}
        layers[path or "recurrent"] = twin  # pyright: ignore[reportArgumentType]
    elif isinstance(module, nn.RNNBase):
        unrolled = Unrolled(shallow_copy(module), wrap)
        vars(twin)["_modules"] = {"unrolled": unrolled}
        vars(twin)["forward"] = unrolled.forward
        layers |= {f"{path}: {name}" if path else name: part for name, part in unrolled.named.items()}
    else:
        children = module._modules.items()
        vars(twin)["_modules"] = {
            name: child and _copy(child, f"{path}.{name}" if path else name, wrap, layers, known)
            for name, child in children
        }
    return twin


def _copy_tree(module: Module) -> Module:
    twin = shallow_copy(module)
    vars(twin)["_modules"] = {name: child and _copy_tree(child) for name, child in module._modules.items()}
    return twin


def shallow_copy(module: Module) -> Module:
    """Return a module with the same attributes and weights, its own buffers and hooks.

    Args:
        module: Any module; `copy.copy` would refuse parametrized ones.
    """
    twin = type(module).__new__(type(module))
    vars(twin).update(vars(module))
    vars(twin)["_parameters"] = {
        name: p if p is None else nn.Parameter(p.detach(), requires_grad=False)
        for name, p in module._parameters.items()
    }
    vars(twin)["_buffers"] = {name: b if b is None else b.clone() for name, b in module._buffers.items()}
    vars(twin).update({name: OrderedDict(vars(module)[name]) for name in HOOKS})
    return twin
