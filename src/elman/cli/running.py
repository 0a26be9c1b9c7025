"""What every `elman fit` command does: settings of a new or a continued run, the fit, the report, Ctrl-C."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from elman.cli import options
from elman.cli.progress import watch
from elman.errors import OptionError

if TYPE_CHECKING:
    from elman.tasks import Observer
    from elman.training.run import RunDirectory

    Watching = Callable[[Any, bool], AbstractContextManager[Observer]]

Settings = TypeVar("Settings")
SettingsMade = TypeVar("SettingsMade", covariant=True)


def fit(context: typer.Context, task: str, watching: Watching | None = None) -> None:
    """Fit what the command line describes, print its scores and draw its report.

    Args:
        context: of the command; its options are read from there.
        task: as in config.toml.
        watching: settings and whether to be quiet -> what a person sees; without it, of so many steps.

    Raises:
        ElmanError: what the command line asks for cannot be done; the message says why.
    """
    run = {name: context.params[name] for name in options.RUN_OPTIONS}
    quiet = run.pop("quiet")
    directory, mode = options.run_directory(**run)
    given = options.given_settings(context)
    with stoppable(directory, task):
        from elman.cli.scores import print_report
        from elman.report import write_report
        from elman.tasks.registry import runs_for
        from elman.training.run import REPORT

        runs = runs_for(task)
        if mode == "resume":
            settings = continued(runs.settings.of_run, directory, given, options.flags(context))
        else:
            settings = begun(runs.settings.from_mapping, run["config"], given)
        with (watching or _steps)(settings, quiet) as observer:
            report = runs.fit(settings, directory, mode, observer)
        print_report(report, write_report(report, directory / REPORT), quiet=quiet)


def _steps(settings: Any, quiet: bool) -> AbstractContextManager[Observer]:
    return watch(settings.num_steps, quiet=quiet)


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
    load: Callable[[RunDirectory], Settings],
    directory: RunDirectory,
    given: Mapping[str, Any],
    flags: Mapping[str, str],
) -> Settings:
    """Return the settings of the run to continue; what the command line says must agree with them.

    Args:
        load: reads them.
        directory: of the run.
        given: what the command line says.
        flags: what a setting is called there.

    Raises:
        RunError: there is no run to continue.
        OptionError: the command line says otherwise.
    """
    directory.check("resume")
    settings = load(directory)
    for name, value in given.items():
        before = getattr(settings, name)
        if before != value:
            raise OptionError(
                f"The run to continue has {name} = {before!r}, not {value!r}; leave {flags[name]} out."
            )
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
