"""What the compiler does other than by default, within a `with` block."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_memory: ContextVar[int | None] = ContextVar("memory", default=None)
_cpu: ContextVar[str | None] = ContextVar("cpu", default=None)


@contextmanager
def compiled_for(cpu: str) -> Iterator[None]:
    """Compile for another processor than the one at hand, such as "haswell" for AVX2.

    Args:
        cpu: LLVM's name of a processor whose instructions this one has, too.
    """
    token = _cpu.set(cpu)
    try:
        yield
    finally:
        _cpu.reset(token)


@contextmanager
def within_memory(num_bytes: int | None) -> Iterator[None]:
    """Let each recurrence that is run keep and work in no more than so many bytes for its gradient.

    Args:
        num_bytes: Beside inputs, outputs, parameters and their gradients; None for as many as are needed.
    """
    token = _memory.set(num_bytes)
    try:
        yield
    finally:
        _memory.reset(token)


@contextmanager
def shared_by(num_recurrences: int) -> Iterator[None]:
    """Divide the memory of this block evenly among the recurrences that run in it.

    Args:
        num_recurrences: How many run: layers times directions.
    """
    memory = _memory.get()
    with within_memory(None if memory is None else memory // num_recurrences):
        yield


def chosen_memory() -> int | None:
    """Return the bytes that a recurrence may keep and work in; None for as many as are needed."""
    return _memory.get()


chosen_memory._dynamo_marked_constant = True  # pyright: ignore[reportFunctionMemberAccess] - a trace runs it


def chosen_cpu() -> str | None:
    """Return the processor that was asked for; None for the one at hand."""
    return _cpu.get()
