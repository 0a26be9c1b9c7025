"""What the compiler does other than by default, within a `with` block."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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


def chosen_cpu() -> str | None:
    """Return the processor that was asked for; None for the one at hand."""
    return _cpu.get()
