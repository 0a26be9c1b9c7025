"""A copy of a network, on the same weights, whose cells are wrapped; the network itself is left alone."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from torch import nn

from elman.cells import Cell
from elman.diagnostics.unrolled import Unrolled
from elman.layers import Recurrent

Wrap = Callable[[Cell], Cell]
Note = Callable[[str, Recurrent, dict[str, Any]], None]
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
    if isinstance(compiled := module._modules.get("_orig_mod"), nn.Module):  # torch.compile's cover
        return _copy(compiled, path, wrap, layers, known)
    twin = known[id(module)] = shallow_copy(module)
    if isinstance(module, Recurrent):
        vars(twin)["_modules"] = _copy_tree(module)._modules | {"cell": wrap(_copy_tree(module.cell))}
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
    vars(twin)["_compiled_call_impl"] = None  # of `module.compile()`; it would call the original
    return twin


@contextmanager
def listening(
    layers: Mapping[str, Recurrent], note: Note, prepare: Callable[[Recurrent], None] = lambda _: None
) -> Iterator[None]:
    """Hear of every run of a twin's layers for a while, by a call or by `forward` itself.

    Args:
        layers: By their paths.
        note: Called with the path, the layer and its arguments when it has run.
        prepare: Called with the layer before.
    """
    for name, layer in layers.items():
        vars(layer)["forward"] = partial(_run_and_note, partial(note, name), prepare, layer)
    try:
        yield
    finally:
        for layer in layers.values():
            del vars(layer)["forward"]


def _run_and_note(
    note: Callable[[Recurrent, dict[str, Any]], None],
    prepare: Callable[[Recurrent], None],
    layer: Recurrent,
    *args: Any,
    **kwargs: Any,
) -> Any:
    prepare(layer)
    result = type(layer).forward(layer, *args, **kwargs)
    note(layer, dict(zip(("input", "initial_state"), args, strict=False)) | kwargs)
    return result
