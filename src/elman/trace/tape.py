"""One run of `forward` on real tensors, every torch call written down.

Tensors are numbered in the order in which they are first seen: arguments, parameters and buffers, results.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from elman.cells.marks import observe
from elman.ir import Source
from elman.trace import refusals
from elman.trace.allowed import check_allowed, is_query
from elman.trace.sources import current_source


class Ref(NamedTuple):
    """The number of a tensor."""

    number: int


@dataclass(frozen=True)
class Call:
    """One torch call, its tensors replaced by their numbers."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any
    source: Source
    with_gradient: bool


@dataclass
class Tape:
    """The tensors and calls of one run."""

    tensors: list[Tensor] = field(default_factory=list)  # kept alive: they are known by their identity
    calls: list[Call] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)

    def add(self, tensor: Tensor) -> Ref:
        """Return the number of a tensor, a new one where it has none."""
        if id(tensor) not in self._numbers:
            self._numbers[id(tensor)] = len(self.tensors)
            self.tensors.append(tensor)
        return Ref(self._numbers[id(tensor)])

    def knows(self, tensor: Tensor) -> bool:
        """Whether the tensor has a number."""
        return id(tensor) in self._numbers


class Recorder(TorchFunctionMode):
    """Runs each torch call and writes it on a tape.

    Args:
        tape: Knows the arguments, parameters and buffers already.
    """

    def __init__(self, tape: Tape):
        super().__init__()
        self.tape = tape

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run one call."""
        try:
            return self._call(func, args, kwargs or {})
        except refusals.Refusal as refusal:
            refusal.source = refusal.source or current_source()
            raise

    def _call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name = name_of(function)
        tensors = list(tensors_in((args, kwargs)))
        check_allowed(name, args, kwargs, has_tensors=bool(tensors))
        if not all(map(self.tape.knows, tensors)):
            raise refusals.foreign_tensor(name)
        versions = list(map(_version, tensors))
        result = function(*args, **kwargs)
        if versions != list(map(_version, tensors)):
            raise refusals.writes_in_place(name)
        results = list(tensors_in(result))
        if tensors and not results and not is_query(name):
            raise refusals.reads_value(name)
        if function is observe or not all(map(self.tape.knows, results)):
            self._write(name, function, args, kwargs, result)
        return result

    def _write(self, name: str, function: Any, args: Any, kwargs: Any, result: Any) -> None:
        args, kwargs, result = (replace_tensors(part, self.tape.add) for part in (args, kwargs, result))
        call = Call(name, function, args, kwargs, result, current_source(), torch.is_grad_enabled())
        self.tape.calls.append(call)


def _version(tensor: Tensor) -> int:
    """Return how often the tensor was written to; torch does not count it for inference tensors."""
    return 0 if tensor.is_inference() else tensor._version


def name_of(function: Callable[..., Any]) -> str:
    """Return the bare name of a torch function, method or property."""
    name = getattr(function, "__name__", repr(function))
    owner = getattr(function, "__self__", None)
    if name in ("__get__", "__set__", "__delete__"):
        return f"{owner.__name__}{'' if name == '__get__' else '_'}"  # pyright: ignore[reportOptionalMemberAccess]
    return name


def tensors_in(value: Any) -> Iterable[Tensor]:
    """Yield the tensors in nested tuples, lists, dictionaries and slices."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, Mapping):
        yield from tensors_in(tuple(value.values()))
    elif isinstance(value, slice):
        yield from tensors_in((value.start, value.stop, value.step))


def replace_tensors(value: Any, replace: Callable[[Tensor], Any]) -> Any:
    """Return the same nesting with each tensor replaced; lists and named tuples become tuples."""
    if isinstance(value, Tensor):
        return replace(value)
    if isinstance(value, tuple | list):
        return tuple(replace_tensors(part, replace) for part in value)
    if isinstance(value, Mapping):
        return {key: replace_tensors(part, replace) for key, part in value.items()}
    if isinstance(value, slice):
        return slice(*(replace_tensors(part, replace) for part in (value.start, value.stop, value.step)))
    return value
