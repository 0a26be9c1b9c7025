"""Keywords that a class does not take: what is near, or in which options they belong."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from elman.errors import KeywordError

Parameters = ParamSpec("Parameters")
Class = TypeVar("Class", bound=type)


def naming_keywords(
    name: str, **held: type
) -> Callable[[Callable[Parameters, None]], Callable[Parameters, None]]:
    """Return a decorator of `__init__` under which an unknown keyword ends in words; the signature stays.

    Args:
        name: of the class.
        held: for an argument that takes options, their dataclass.

    Example:
        >>> class Fitter:
        ...     @naming_keywords("Fitter")
        ...     def __init__(self, *, horizon: int) -> None: ...
        >>> Fitter(horizn=3)
        Traceback (most recent call last):
        ...
        elman.errors.KeywordError: Fitter has no option 'horizn'. Did you mean 'horizon'?
    """

    def decorate(init: Callable[Parameters, None]) -> Callable[Parameters, None]:
        own = list(inspect.signature(init).parameters)[1:]

        @wraps(init)
        def checked(*args: Parameters.args, **keywords: Parameters.kwargs) -> None:
            unknown = next((keyword for keyword in keywords if keyword not in own), None)
            if unknown is not None:
                raise KeywordError(_advice(name, unknown, own, held))
            init(*args, **keywords)

        return checked

    return decorate


def with_named_keywords(options: Class) -> Class:
    """Decorate a dataclass of options: an unknown keyword ends in words, the signature stays.

    Args:
        options: the dataclass.
    """
    init: Any = options.__init__
    options.__init__ = naming_keywords(options.__name__, **_held_by(options))(init)
    return options


def _advice(name: str, keyword: str, own: list[str], held: Mapping[str, type]) -> str:
    places = {one: f"{one}=..." for one in own} | _places_in(held)
    if keyword in places:
        return f"{name} has no option {keyword!r} of its own; write {name}({places[keyword]})."
    close = get_close_matches(keyword, places, n=1)
    if not close:
        return f"{name} has no option {keyword!r}; {_listed(name, own, held)}."
    where = "" if close[0] in own else f" It is written {name}({places[close[0]]})."
    return f"{name} has no option {keyword!r}. Did you mean {close[0]!r}?{where}"


def _listed(name: str, own: Iterable[str], held: Mapping[str, type]) -> str:
    """Return "Forecaster takes horizon, ..., options; ForecastOptions takes ..."."""
    inner = [_listed(one.__name__, inspect.signature(one).parameters, _held_by(one)) for one in held.values()]
    return "; ".join([f"{name} takes {', '.join(own)}", *inner])


def _places_in(held: Mapping[str, type]) -> dict[str, str]:
    """Return how each option is written that an argument holds, or options inside of these."""
    places = {}
    for argument, options in held.items():
        inner = {one: f"{one}=..." for one in inspect.signature(options).parameters}
        inner |= _places_in(_held_by(options))
        places |= {one: f"{argument}={options.__name__}({place})" for one, place in inner.items()}
    return places


def _held_by(options: Any) -> dict[str, Any]:
    """Return the dataclasses of options that a dataclass holds as defaults of its fields."""
    made = {one.name: one.default_factory() for one in fields(options) if one.default_factory is not MISSING}
    return {name: type(default) for name, default in made.items() if is_dataclass(default)}
