"""Checks of constructor arguments that every cell and layer shares."""

from collections.abc import Iterable

from elman.errors import OptionError


def check_choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Refuse a `value` that is not one of the legal `choices` of the option called `name`."""
    choices = tuple(choices)
    if value not in choices:
        legal = ", ".join(repr(choice) for choice in choices)
        raise OptionError(f"`{name}` must be one of {legal}, but it is {value!r}.")


def check_size(name: str, value: object) -> None:
    """Refuse a `value` that cannot be the number of features called `name`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise OptionError(f"`{name}` must be a positive integer, but it is {value!r}.")
