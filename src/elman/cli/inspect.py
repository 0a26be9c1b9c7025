"""`elman inspect`: what gradients, gates and memory of a fitted network do, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli import options

if TYPE_CHECKING:
    from elman.tasks.results.inspection import Passage


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Other data of the same form. Default: the data of the run."),
    ] = None,
    part: Annotated[str, typer.Option(metavar="PART", help="test or validation.")] = "test",
    lag: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="How far back the task looks. Default: one season of a forecast, one segment of a text, "
            "else the longest sequence.",
        ),
    ] = None,
    unit: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER", help="Of a text: print it with what this unit of the last layer puts out."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it as one page, too: .html.")] = None,
) -> None:
    """Look a network over: how far gradients reach, what gates do, what is wrong and what helps.

    [bold]Example[/bold]: elman inspect runs/demand --lag 168 --out inside.html
    """
    options.check_page(out)
    if out is not None:
        options.keep_runs(out)
    from elman.cli.inspection_tables import print_inspection
    from elman.cli.passages import print_passage
    from elman.tasks.registry import runs_of
    from elman.training.run import RunDirectory

    directory = RunDirectory(run)
    runs = runs_of(directory)
    if data is None:
        runs.require_data(directory)
    passages: tuple[Passage, ...] = ()
    if unit is not None:
        passages = (runs.follow_unit(directory, data, part, unit),)
        print_passage(passages[0])
        if out is None:
            return
    found = runs.inspect(directory, data, part, lag)
    if unit is None:
        print_inspection(found)
    if out is not None:
        from elman.report import write_report

        others = [one for one in found.passages if one.activity.unit != unit]
        settings = asdict(runs.settings.of_run(directory))
        report = replace(found, passages=(*passages, *others)).report(
            title=f"Inside {directory.path.resolve().name}", configuration=settings
        )
        typer.echo(f"report: {write_report(report, out)}")
