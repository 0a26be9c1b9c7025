"""What a recording depends on besides the numbers in parameters and buffers."""

from collections.abc import Hashable, Mapping
from typing import Any

from torch import nn

from elman.trace.bindings import named_slots
from elman.trace.refusals import Refusal

Fingerprint = Mapping[str, Hashable]
# What nn.Module keeps for itself; hooks are refused, tensors and sub-modules are listed by themselves.
OF_MODULES = frozenset(vars(nn.Module())) - {"training"}
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class _Same:
    """An object that is equal to itself alone."""

    def __init__(self, value: object):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def fingerprint(cell: nn.Module) -> Fingerprint:
    """Return every plain attribute of the cell and its sub-modules, and what its tensors are.

    Args:
        cell: The cell.
    """
    found: dict[str, Hashable] = {}
    for path, module in cell.named_modules():
        prefix = f"{path}." if path else ""
        found[f"{prefix}__class__"] = type(module)
        own = {name: value for name, value in vars(module).items() if name not in OF_MODULES}
        found |= {f"{prefix}{name}": _freeze(value) for name, value in own.items()}
    first_names: dict[int, str] = {}
    for name, tensor in named_slots(cell).items():
        tied_to = first_names.setdefault(id(tensor), name)
        found[name] = (tied_to, tuple(tensor.shape), tensor.dtype, tensor.device)
    return found


def _freeze(value: Any) -> Hashable:
    """Return something that is equal as long as the value says the same."""
    if isinstance(value, bool | int | float | complex | str | bytes | None):
        return type(value), repr(value)
    if isinstance(value, tuple | list | set | frozenset):
        return type(value), tuple(map(_freeze, value))
    if isinstance(value, dict):
        return dict, tuple((_freeze(key), _freeze(part)) for key, part in value.items())
    return _Same(value)


def changed_names(before: Fingerprint, after: Fingerprint) -> list[str]:
    """List what is different, gone or new."""
    names = {**before, **after}
    return [name for name in names if before.get(name, names) != after.get(name, names)]


def check_no_hooks(cell: nn.Module) -> None:
    """Refuse hooks: a graph would run without them.

    Args:
        cell: The cell.

    Raises:
        Refusal: There is a hook on the cell or a sub-module.
    """
    for path, module in cell.named_modules():
        if any(getattr(module, hooks) for hooks in HOOKS):
            raise Refusal(
                f"has a hook on {path or 'the cell itself'}, which a recorded step would not call.",
                "Remove it, or write what it does in `forward` (weight norm and its like: "
                "torch.nn.utils.parametrizations)",
            )
