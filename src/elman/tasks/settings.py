"""Settings of a run: flat, checked by name and type, and written as TOML so that they repeat the run."""

from __future__ import annotations

import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import tomli_w

from elman.errors import OptionError, RunError
from elman.training.run import CONFIG, RunDirectory

# How Python spells the bytes of a file name that are no UTF-8; a TOML file cannot hold them.
_ODD_BYTES = re.compile("[\ud800-\udfff]")

Object = TypeVar("Object")


@dataclass(frozen=True)
class RunSettings(ABC):
    """Everything that decides a run, flat, as on the command line and in config.toml; abstract.

    A task derives a frozen dataclass from it: a field a setting, with its type and its default.
    """

    task: ClassVar[str]
    """The task's name in config.toml."""

    @property
    @abstractmethod
    def files(self) -> Sequence[Path]:
        """Every file or folder that is read; the first holds what is learned from."""

    def to_toml(self) -> str:
        """Return the settings as TOML, their task first; a setting without a value is left out."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return tomli_w.dumps({"task": self.task, **values})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str) -> Self:
        """Check the names and types of settings, and return them.

        Args:
            values: setting -> value; a `task` among them must be this one.
            source: where they come from, for the messages.

        Raises:
            OptionError: a name is unknown, one that is needed is missing, or a value has a wrong type.
        """
        return _settings_from(cls, values, source)

    @classmethod
    def of_run(cls, directory: RunDirectory) -> Self:
        """Read the settings of a run.

        Raises:
            RunError: there is no run, or its settings are no TOML.
            OptionError: they are those of another task, or not legal.
        """
        return cls.from_mapping(read_run(directory), str(directory / CONFIG))

    def picked(self, cls: type[Object], **more: Any) -> Object:
        """Return an object of options whose fields have the values of the settings of their names.

        Args:
            cls: a dataclass.
            more: fields that are no settings.

        Raises:
            OptionError: a value is not a legal one.
        """
        names = [one.name for one in fields(cls) if one.name not in more]  # pyright: ignore[reportArgumentType]
        return cls(**{name: getattr(self, name) for name in names}, **more)


Settings = TypeVar("Settings", bound=RunSettings)


def _settings_from(cls: type[Settings], values: Mapping[str, Any], source: str) -> Settings:
    values = dict(values)
    task = values.pop("task", cls.task)
    if task != cls.task:
        raise OptionError(f"{source} describes no {cls.task}: its task is {task!r}.")
    known = fields(cls)
    types = {one.name: str(one.type) for one in known}
    for name, value in values.items():
        _check(name, value, types, source)
    missing = [one.name for one in known if one.default is MISSING and one.name not in values]
    if missing:
        raise OptionError(f"{source} does not give {', '.join(f'`{name}`' for name in missing)}.")
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return cls(**{**values, **lists})


def read_run(directory: RunDirectory) -> dict[str, Any]:
    """Read the config.toml of a run.

    Raises:
        RunError: there is no run, or it is an experiment, or its settings are no TOML.
    """
    directory.require_run()
    values = read_settings(directory / CONFIG)
    if values.get("task") == "experiment":
        raise RunError(
            f"{directory.path} is the folder of an experiment, which compares networks and keeps none of "
            f"them; `elman report {directory.path}` draws what it found."
        )
    return values


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
