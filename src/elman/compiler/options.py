"""What the compiler does other than by default, within a `with` block."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import NamedTuple

import torch

from elman.errors import OptionError


class Refusal(NamedTuple):
    """Why one of several recurrences cannot keep within its share.

    Attributes:
        least: The smallest budget of all that would do for this one, in bytes.
        message: What is said if no other needs more.
    """

    least: int
    message: str


class Budget(NamedTuple):
    """What may be kept for a gradient, and among how many recurrences it is divided.

    Attributes:
        num_bytes: Of all of them; None for as many as are needed.
        num_shares: How many have an equal share of it.
        num_calls: How many calls keep something of one share, until the gradients of all are got.
        refusals: Filled by those that cannot; None where one is refused at once.
    """

    num_bytes: int | None = None
    num_shares: int = 1
    num_calls: int = 1
    refusals: list[Refusal] | None = None


_UNBOUNDED = Budget()
_budget: ContextVar[Budget] = ContextVar("budget", default=_UNBOUNDED)
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
    with _budgeted(Budget(num_bytes)):
        yield


def shared_by(num_recurrences: int) -> AbstractContextManager[None]:
    """Divide the memory of a `with` block evenly among the recurrences that run in it.

    Where it is too small, the block raises OptionError at its end, when it is known which of them needs most.

    Args:
        num_recurrences: How many run: layers times directions.
    """
    if num_recurrences == 1 or torch.compiler.is_compiling():  # where a budget is refused
        return nullcontext()
    budget = _budget.get()
    shared = budget._replace(num_shares=budget.num_shares * num_recurrences)
    is_outermost = budget.num_bytes is not None and budget.refusals is None
    return _refusing(shared) if is_outermost else _budgeted(shared)


@contextmanager
def _refusing(budget: Budget) -> Iterator[None]:
    refusals: list[Refusal] = []
    with _budgeted(budget._replace(refusals=refusals)):
        yield
    if refusals:
        raise OptionError(max(refusals).message)


def kept_at_once(num_calls: int) -> AbstractContextManager[None]:
    """Let what so many calls keep have room in one share of the memory of a `with` block.

    Unlike recurrences that share it evenly, such calls are alike, and each works where the one before did.

    Args:
        num_calls: How many run one after another: the steps of a sequence that is run step by step.
    """
    if num_calls == 1 or torch.compiler.is_compiling():
        return nullcontext()
    budget = _budget.get()
    return _budgeted(budget._replace(num_calls=budget.num_calls * num_calls))


@contextmanager
def _budgeted(budget: Budget) -> Iterator[None]:
    token = _budget.set(budget)
    try:
        yield
    finally:
        _budget.reset(token)


def chosen_memory() -> int | None:
    """Return the bytes that a recurrence may keep and work in; None for as many as are needed."""
    budget = _budget.get()
    return None if budget.num_bytes is None else budget.num_bytes // budget.num_shares


chosen_memory._dynamo_marked_constant = True  # pyright: ignore[reportFunctionMemberAccess] - a trace runs it


def chosen_budget() -> Budget:
    """Return the memory of the block, and how many recurrences share it."""
    return _budget.get()


def chosen_cpu() -> str | None:
    """Return the processor that was asked for; None for the one at hand."""
    return _cpu.get()
