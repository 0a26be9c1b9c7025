"""Settings of a run: flat, checked by name and type, and written as TOML so that they repeat the run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from elman.errors import OptionError, RunError

# How Python spells the bytes of a file name that are no UTF-8; a TOML file cannot hold them.
_ODD_BYTES = re.compile("[\ud800-\udfff]")

Settings = TypeVar("Settings")


def settings_from(cls: type[Settings], values: Mapping[str, Any], task: str, source: str) -> Settings:
    """Check the names and types of settings, and return them.

    Args:
        cls: the dataclass of the settings of a task.
        values: setting -> value, as read from TOML; a `task` among them must be this one.
        task: the task's name in config.toml.
        source: where the values come from, for the messages.

    Raises:
        OptionError: a name is unknown, one that is needed is missing, or a value has a wrong type.
    """
    values = dict(values)
    if values.pop("task", task) != task:
        raise OptionError(f"{source} describes no {task}.")
    known = fields(cls)  # pyright: ignore[reportArgumentType]
    types = {one.name: str(one.type) for one in known}
    for name, value in values.items():
        _check(name, value, types, source)
    missing = [one.name for one in known if one.default is MISSING and one.name not in values]
    if missing:
        raise OptionError(f"{source} does not give {', '.join(f'`{name}`' for name in missing)}.")
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return cls(**{**values, **lists})


def settings_to_toml(settings: Any, task: str) -> str:
    """Return settings as TOML, their task first; a setting without a value is left out.

    Args:
        settings: a dataclass.
        task: the task's name.
    """
    values = {name: value for name, value in asdict(settings).items() if value is not None}
    return tomli_w.dumps({"task": task, **values})


def read_settings(path: Path) -> dict[str, Any]:
    """Read a config.toml.

    Raises:
        RunError: it is absent or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"There is no file {path}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is no TOML: {error}.") from error
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}.") from error


def _check(name: str, value: Any, types: Mapping[str, str], source: str) -> None:
    if name not in types:
        near = get_close_matches(name, types, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(types)}."
        raise OptionError(f"{source} has the unknown setting {name!r}; {hint}")
    allowed = [one for one in types[name].split(" | ") if one != "None"]
    if not any(_fits(value, one) for one in allowed):
        words = " or ".join(_WORDS[one] for one in allowed)
        raise OptionError(f"`{name}` in {source} must be {words}, but it is {value!r}.")


_WORDS = {
    "str": "a text in UTF-8",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple[str, ...]": "a list of texts",
    "tuple[float, ...]": "a list of numbers",
}


def _fits(value: Any, type_: str) -> bool:
    if type_.startswith("tuple["):
        inner = type_.removeprefix("tuple[").removesuffix(", ...]")
        return isinstance(value, list | tuple) and all(_fits(one, inner) for one in value)
    if isinstance(value, bool) or type_ == "bool":
        return isinstance(value, bool) and type_ == "bool"
    if isinstance(value, str):
        return type_ == "str" and not _ODD_BYTES.search(value)
    return isinstance(value, {"str": str, "int": int, "float": (int, float)}[type_])
