"""What a cell computes on the way, noted: the results of activations, and what is observed."""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from elman.cells import observe
from elman.diagnostics.naming import name_of_result
from elman.trace.tape import name_of

# What an activation's values are bounded by.
KINDS = {
    "sigmoid": "gate",
    "hardsigmoid": "gate",
    "exp": "exp",
    "tanh": "tanh",
    "hardtanh": "tanh",
    "relu": "relu",
}


class Noted:
    """Tensors in the order in which activations and `observe` returned them."""

    def __init__(self) -> None:
        self.values: list[Tensor] = []
        self.kinds: list[str] = []
        self.names: list[str] = []


class Noting(TorchFunctionMode):
    """Notes the results of activations, and what is observed."""

    def __init__(self) -> None:
        super().__init__()
        self.noted = Noted()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run one call."""
        if func is observe:  # a recorder would have each name only once
            return self._name(**dict(zip(("name", "value"), args, strict=False)) | (kwargs or {}))
        result = func(*args, **(kwargs or {}))
        function = name_of(func).strip("_")
        if function in KINDS:
            return self.add(result, KINDS[function], name_of_result(function))
        return result

    def add(self, result: Tensor, kind: str, name: str) -> Tensor:
        """Note a result, and return what the cell goes on with."""
        self._note(result, kind, name)
        return result

    def _name(self, name: str, value: Tensor) -> Tensor:
        known = [place for place, other in enumerate(self.noted.values) if other is value]
        if known:
            self.noted.names[known[0]] = name
        else:
            self._note(value, "value", name)
        return value

    def _note(self, value: Tensor, kind: str, name: str) -> None:
        self.noted.values.append(value)
        self.noted.kinds.append(kind)
        self.noted.names.append(name)
