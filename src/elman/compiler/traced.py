"""A recurrence inside torch.compile: Python's part is a constant of the trace, the rest is one operator."""

import types
import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

from torch import Tensor

from elman.cells import Cell
from elman.compiler.call import REALS, Arguments
from elman.compiler.kernels import kernel
from elman.compiler.operator import Options, describe, recurrence
from elman.compiler.options import chosen_cpu, chosen_memory
from elman.compiler.recordings import Recorded, recorded, step_of
from elman.compiler.recurrence import warn_once
from elman.errors import GraphError, TraceError
from elman.trace.fingerprint import OF_MODULES

PLAIN = (bool, int, float, str, type(None))
CALLABLE = (types.FunctionType, types.BuiltinFunctionType, type)
_numbers = count()
_recordings = types.SimpleNamespace()  # by name; of a dict a trace would see what was in it at first


def _as_constant(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function that a trace runs instead of reading it; torch's own decorator loads the compiler."""
    function._dynamo_marked_constant = True  # pyright: ignore[reportFunctionMemberAccess]
    return function


def find_recording(cell: Cell) -> tuple[Recorded | None, str]:
    """Return the recording of a cell, or None and why there is none.

    Args:
        cell: The cell. The trace is made anew if one of its plain attributes changes.
    """
    for path, name, value in _plain_attributes(cell):
        if getattr(cell.get_submodule(path), name) != value:  # what is compared is guarded
            raise GraphError(f"{name} of the cell changes while it is read.")
    functions = [getattr(cell.get_submodule(path), name) for path, name in _functions(cell)]
    name, reason = _name_recording(cell, *functions)
    return (None, reason) if name is None else (getattr(_recordings, name), "")


def find_options(
    known: Recorded, wanted: tuple[str, ...] | None, is_reverse: bool, arguments: Arguments
) -> tuple[Options | None, str]:
    """Return what the operator is told, or None and why there is no kernel.

    Args:
        known: The recording.
        wanted: Names of the arguments whose gradients are wanted; None for a forward pass alone.
        is_reverse: Whether each sequence runs from its end.
        arguments: The tensors of the call.
    """
    return _compile(known.text, wanted, is_reverse, REALS[arguments.input.dtype])


def run_operator(
    options: Options, arguments: Arguments, lengths: Tensor | None, resets: Tensor | None
) -> list[Tensor]:
    """Run the operator; return the outputs and the final states.

    Args:
        options: What it is told.
        arguments: The tensors of the call.
        lengths: Of the sequences, (N,); None where all have T steps.
        resets: Where states start anew, (T, N); None for nowhere.
    """
    return recurrence([*arguments.all], lengths, resets, *options)[:-1]


@_as_constant
def warn_while_tracing(cell: Cell, reason: str) -> None:
    """Say that a cell runs slowly, and why; once for each kind of cell and reason.

    Args:
        cell: The cell.
        reason: Why no kernel takes it.
    """
    warn_once(cell, reason)


@_as_constant
def _plain_attributes(cell: Cell) -> tuple[tuple[str, str, Any], ...]:
    return tuple((path, name, value) for path, name, value in _attributes(cell) if _is_plain(value))


@_as_constant
def _functions(cell: Cell) -> tuple[tuple[str, str], ...]:
    return tuple((path, name) for path, name, value in _attributes(cell) if isinstance(value, CALLABLE))


@_as_constant
def _name_recording(cell: Cell, *_functions: Callable[..., Any]) -> tuple[str | None, str]:
    try:
        known = recorded(cell)
    except TraceError as error:
        return None, str(error)
    assert known.names  # computed here, as a trace cannot enter their locks
    assert known.text
    name = f"recording_{next(_numbers)}"
    setattr(_recordings, name, known)
    weakref.finalize(cell, delattr, _recordings, name)
    return name, ""


@_as_constant
def _compile(
    text: str, wanted: tuple[str, ...] | None, is_reverse: bool, real: str
) -> tuple[Options | None, str]:
    if chosen_memory() is not None:
        return None, "a budget of memory for the gradient is not known inside torch.compile"
    step = step_of(text)
    names = None if wanted is None else frozenset(wanted)
    try:
        kernel(step, names, real, chosen_cpu())
    except GraphError as error:
        return None, str(error)
    return describe(step, names, is_reverse, chosen_cpu()), ""


def _attributes(cell: Cell):
    for path, module in cell.named_modules():
        for name, value in vars(module).items():
            if name not in OF_MODULES:
                yield path, name, value


def _is_plain(value: object) -> bool:
    return isinstance(value, PLAIN) or (isinstance(value, tuple | list) and all(map(_is_plain, value)))
