"""Checks of constructor arguments that every cell and layer shares."""

import math
from collections.abc import Iterable
from difflib import get_close_matches

from elman.errors import OptionError


def check_choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Refuse a `value` that is not one of the legal `choices` of the option called `name`."""
    choices = tuple(choices)
    if not isinstance(value, str) or value not in choices:
        legal = ", ".join(repr(choice) for choice in choices)
        folded = {choice.casefold(): choice for choice in choices}
        close = get_close_matches(value.casefold(), folded, n=1) if isinstance(value, str) else []
        hint = f" Did you mean {folded[close[0]]!r}?" if close else ""
        raise OptionError(f"`{name}` must be one of {legal}, but it is {brief(value)}.{hint}")


def check_size(name: str, value: object) -> None:
    """Refuse a `value` that cannot be the number of features called `name`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise OptionError(f"`{name}` must be a positive integer, but it is {brief(value)}.")


def check_flag(name: str, value: object) -> None:
    """Refuse a `value` that does not say yes or no; a text such as "False" would say yes."""
    if not isinstance(value, bool):
        raise OptionError(f"`{name}` must be True or False, but it is {brief(value)}.")


def check_number(name: str, value: object) -> None:
    """Refuse a `value` that is not a finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise OptionError(f"`{name}` must be a finite number, but it is {brief(value)}.")


def what_came(value: object) -> str:
    """Return what stands in the place of a cell or a layer; those of torch have the names of ours."""
    if isinstance(value, type):
        return f"the class {value.__name__}; give an object of it: {value.__name__}(...)"
    is_torch = type(value).__module__.startswith("torch.nn.")
    return f"a {'torch.nn.' if is_torch else ''}{type(value).__name__}"


def brief(value: object) -> str:
    """Return how `value` prints, cut so that a message stays readable."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
