"""The one table of torch functions, and how its rows get in."""

from collections.abc import Callable
from typing import Any

from elman.trace.lowering import Lowered

FUNCTIONS: dict[str, Lowered] = {}


def lowers(*names: str, is_exact: bool = True, makes_new: bool = False) -> Callable[[Any], Any]:
    """Enter a function into the table under the bare names that torch gives to what it lowers.

    It takes the context, then the arguments of the torch function under torch's own names; it returns a
    value, or a list of them where torch returns several tensors.

    Args:
        names: Functions, methods, operators and properties, such as "sub", "__rsub__".
        is_exact: Whether the nodes give the bits that torch gives.
        makes_new: Whether the result may lack the rows of its operands.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS.update(dict.fromkeys(names, Lowered(function, is_exact, makes_new)))
        return function

    return enter
