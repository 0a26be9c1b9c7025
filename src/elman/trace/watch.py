"""A quick look whether a cell may have changed since it was recorded."""

from typing import Any

from torch import Tensor, nn

from elman.trace.fingerprint import HOOKS, OF_MODULES

SIMPLE = frozenset({bool, int, float, complex, str, bytes, type(None)})
MISSING = object()


class Watch:
    """Remembers a cell as it is now, in a form that is compared in a few microseconds.

    Args:
        cell: The cell.
    """

    def __init__(self, cell: nn.Module) -> None:
        modules = [module for _, module in cell.named_modules()]
        self._attributes = [(vars(module), _plain(module), len(vars(module))) for module in modules]
        self._children = [(module._modules, tuple(module._modules.items())) for module in modules]
        self._hooks = [vars(module)[hooks] for module in modules for hooks in HOOKS]
        self._tensors = [
            (tensors, len(tensors), [(name, *_describe(tensor)) for name, tensor in tensors.items()])
            for module in modules
            for tensors in (module._parameters, module._buffers)
        ]

    def sees_no_change(self) -> bool:
        """Whether nothing has changed for certain; if not, a close look has to say."""
        for attributes, plain, count in self._attributes:
            if len(attributes) != count:
                return False
            for name, value in plain:
                current = attributes.get(name, MISSING)
                if current is not value and not _equal(current, value):
                    return False
        for children, known in self._children:
            if len(children) != len(known):
                return False
            for name, child in known:
                if children.get(name) is not child:
                    return False
        return not any(self._hooks) and self._sees_the_same_tensors()

    def _sees_the_same_tensors(self) -> bool:
        for tensors, count, known in self._tensors:
            if len(tensors) != count:
                return False
            for name, tensor, shape, dtype, device in known:
                if tensors.get(name, MISSING) is not tensor:
                    return False
                if tensor is not None and (
                    tensor.dtype != dtype or tensor.shape != shape or tensor.device != device
                ):
                    return False
        return True


def _plain(module: nn.Module) -> list[tuple[str, Any]]:
    """List the attributes of a module's own; what could change inside is never the same."""
    own = [(name, value) for name, value in vars(module).items() if name not in OF_MODULES]
    return [(name, _as_known(value)) for name, value in own]


def _as_known(value: Any) -> Any:
    can_change = isinstance(value, list | dict | set) or (
        isinstance(value, tuple) and not SIMPLE.issuperset(map(type, value))
    )
    return MISSING if can_change else value


def _equal(current: Any, value: Any) -> bool:
    return type(current) is type(value) and type(value) in SIMPLE and repr(current) == repr(value)


def _describe(tensor: Tensor | None) -> tuple[Any, ...]:
    if tensor is None:
        return None, None, None, None
    return tensor, tensor.shape, tensor.dtype, tensor.device
