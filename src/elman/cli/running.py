"""What every `elman fit` command does around its fit: settings of a new or a continued run, Ctrl-C."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from elman.errors import OptionError

if TYPE_CHECKING:
    from elman.training.run import RunDirectory

Settings = TypeVar("Settings")
SettingsMade = TypeVar("SettingsMade", covariant=True)


class FromMapping(Protocol[SettingsMade]):
    """Makes the settings of a task from their names and values."""

    def __call__(self, values: Mapping[str, Any], source: str, /) -> SettingsMade:
        """Check the values and return the settings."""
        ...


def begun(make: FromMapping[Settings], config: Path | None, given: Mapping[str, Any]) -> Settings:
    """Return the settings of a new run: those of a file, and before them those of the command line.

    Raises:
        RunError: the file cannot be read.
        OptionError: a setting is not a legal one.
    """
    from elman.tasks.settings import read_settings

    stored = read_settings(config) if config else {}
    return make({**stored, **given}, str(config or "the command line"))


def continued(
    load: Callable[[RunDirectory], Settings], directory: RunDirectory, given: Mapping[str, Any]
) -> Settings:
    """Return the settings of the run to continue; what the command line says must agree with them.

    Raises:
        RunError: there is no run to continue.
        OptionError: the command line says otherwise.
    """
    directory.check("resume")
    settings = load(directory)
    for name, value in given.items():
        before = getattr(settings, name)
        if before != value:
            raise OptionError(f"The run to continue has {name} = {before!r}, not {value!r}; leave it out.")
    return settings


@contextmanager
def stoppable(directory: RunDirectory, task: str) -> Iterator[None]:
    """Say after Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        out = shlex.quote(str(directory.path))
        rest = f" Continue with: elman fit {task} --resume --out {out}" if directory.holds_run else ""
        typer.echo(f"elman: stopped.{rest}", err=True)
        raise typer.Exit(130) from None
