"""What depends on parameters and buffers alone: computed by torch at every call, under autograd."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elman.trace.merge import refs_in
from elman.trace.tape import Call, Ref, tensors_in


@dataclass(frozen=True)
class Bindings:
    """How to compute the tensors that a graph's parameter arguments stand for.

    Args:
        slots: Number of a tensor -> the name of the parameter or buffer it is.
        calls: What is computed from them, in order.
        results: The number of the tensor for each parameter argument of the graph.
    """

    slots: Mapping[int, str]
    calls: tuple[Call, ...]
    results: tuple[int, ...]

    def evaluate(self, cell: nn.Module, find: Callable[[str], Tensor] | None = None) -> tuple[Tensor, ...]:
        """Return one tensor for each parameter argument.

        Args:
            cell: The cell, or a copy of it; its parameters are looked up now.
            find: Returns the tensor of a name, in the place of the cell's own.
        """
        if find is None:
            tensors = {number: find_tensor(cell, name) for number, name in self.slots.items()}
        else:
            tensors = {number: find(name) for number, name in self.slots.items()}
        for call in self.calls:
            args, kwargs = (_resolve(part, tensors) for part in (call.args, call.kwargs))
            with torch.set_grad_enabled(call.with_gradient and torch.is_grad_enabled()):
                results = tensors_in(call.function(*args, **kwargs))
            tensors |= zip((ref.number for ref in refs_in(call.result)), results, strict=True)
        return tuple(tensors[number] for number in self.results)


def bind(names: Mapping[int, str], calls: list[Call], results: list[int]) -> Bindings:
    """Keep the calls and slots that the results need.

    Args:
        names: Number of a tensor -> the name of the parameter or buffer it is.
        calls: Every call on parameters and buffers alone.
        results: Numbers of the wanted tensors.
    """
    needed, kept = set(results), []
    for call in reversed(calls):
        if needed & {ref.number for ref in refs_in(call.result)}:
            needed |= {ref.number for ref in refs_in((call.args, call.kwargs))}
            kept.append(call)
    slots = {number: name for number, name in names.items() if number in needed}
    return Bindings(slots, tuple(reversed(kept)), tuple(results))


def find_tensor(cell: nn.Module, name: str) -> Tensor:
    """Return the parameter or buffer of that name, as it is now.

    Args:
        cell: The module.
        name: As in `named_parameters`.
    """
    path, _, leaf = name.rpartition(".")
    module = cell.get_submodule(path)
    return module._parameters[leaf] if leaf in module._parameters else module._buffers[leaf]  # pyright: ignore[reportReturnType]


def named_slots(cell: nn.Module) -> dict[str, Tensor]:
    """Return every parameter and buffer; one that has two names comes under both."""
    parameters = cell.named_parameters(remove_duplicate=False)
    return dict(parameters) | dict(cell.named_buffers(remove_duplicate=False))


def _resolve(value: Any, tensors: Mapping[int, Tensor]) -> Any:
    if isinstance(value, Ref):
        return tensors[value.number]
    if isinstance(value, tuple):
        return tuple(_resolve(part, tensors) for part in value)
    if isinstance(value, Mapping):
        return {key: _resolve(part, tensors) for key, part in value.items()}
    if isinstance(value, slice):
        return slice(*(_resolve(part, tensors) for part in (value.start, value.stop, value.step)))
    return value
