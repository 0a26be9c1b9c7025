"""`elman report`: draw the report of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli import options

if TYPE_CHECKING:
    from elman.training.run import RunDirectory


def command(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of a finished run or experiment.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write it: .html. Default: report.html in the run."),
    ] = None,
) -> None:
    """Draw the report of a run or experiment from its saved results: one page that needs no network.

    [bold]Example[/bold]: elman report runs/demand --out demand.html
    """
    options.check_page(out)
    from elman.report import write_report
    from elman.training.run import REPORT, RunDirectory

    directory = RunDirectory(run)
    path = write_report(_load_report(directory), out or directory / REPORT)
    typer.echo(f"report: {path}")


def _load_report(directory: RunDirectory) -> Any:
    from elman.experiments.saved import holds_experiment, load_report

    if holds_experiment(directory):
        return load_report(directory)
    from elman.tasks.registry import runs_of

    return runs_of(directory).load_report(directory)
