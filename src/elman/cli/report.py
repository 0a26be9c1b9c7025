"""`elman report`: draw the report of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="Where to write it. Default: report.html in the run.")
    ] = None,
) -> None:
    """Draw the report of a run from its saved results."""
    from elman.report import write_forecast_report
    from elman.tasks.forecast.run import RunDirectory, load_report

    directory = RunDirectory(run)
    path = write_forecast_report(load_report(directory), out or directory / "report.html")
    typer.echo(f"report: {path}")
