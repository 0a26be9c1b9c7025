"""`elman evaluate`: score a fitted run beside the baselines, again or on a newer table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path | None, typer.Option(help="Another table with the same columns. Default: the table of the run.")
    ] = None,
    part: Annotated[str, typer.Option(help="test or validation.")] = "test",
) -> None:
    """Forecast a held-out part from one origin per horizon and print the scores beside the baselines'."""
    from elman.cli.scores import print_scores
    from elman.tasks import Forecaster
    from elman.tasks.forecast.run import RunDirectory, read_settings

    directory = RunDirectory(run)
    directory.require_run()
    table = data or Path(read_settings(directory / "config.toml")["data"])
    print_scores(Forecaster.load(directory / "model.safetensors").evaluate(table, part))
