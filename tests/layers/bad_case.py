"""One wrong argument of one callable, and what must come of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Make: TypeAlias = Callable[[], Any]
Errors: TypeAlias = type[Exception] | tuple[type[Exception], ...]
Fault: TypeAlias = tuple[str, Make, Errors]


@dataclass(frozen=True)
class Case:
    """A call with one wrong argument, or one that looks wrong and is not.

    Attributes:
        callable: What is called.
        argument: The argument that is wrong.
        fault: What is wrong with it.
        make: Makes its value.
        call: Calls the callable with the value.
        errors: What must be raised; nothing, if `check` is there.
        word: What the message must contain; "a|b" for one of the two.
        check: Says of the result whether it is the documented one.
    """

    callable: str
    argument: str
    fault: str
    make: Make
    call: Callable[[Any], Any]
    errors: Errors = ()
    word: str = ""
    check: Callable[[Any], bool] | None = None

    @property
    def name(self) -> str:
        """What tells the case from all others."""
        return f"{self.callable}, {self.argument}: {self.fault}"

    @property
    def error_names(self) -> list[str]:
        """The names of the classes of which one must be raised."""
        errors = self.errors if isinstance(self.errors, tuple) else (self.errors,)
        return [error.__name__ for error in errors]


def cases(
    callable: str,  # noqa: A002 - the word of the attribute
    argument: str,
    call: Callable[[Any], Any],
    faults: list[Fault],
    word: str | None = None,
) -> Iterator[Case]:
    """One case for each fault; the message names the argument, if nothing else is asked for."""
    for fault, make, errors in faults:
        yield Case(callable, argument, fault, make, call, errors, f"`{argument}`" if word is None else word)
