"""`elman evaluate`: score a fitted run beside the baselines, again or on a newer table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Another table with the same columns. Default: the table of the run."
        ),
    ] = None,
    part: Annotated[str, typer.Option(metavar="PART", help="test or validation.")] = "test",
) -> None:
    """Score the forecasts of a held-out part beside the baselines'.

    There is one forecast per horizon, each seeing only what was known then.

    [bold]Example[/bold]: elman evaluate runs/demand --part validation
    """
    from elman.cli.scores import print_scores
    from elman.tasks.forecast.run import load_forecaster, load_settings
    from elman.training.run import RunDirectory

    directory = RunDirectory(run)
    forecaster = load_forecaster(directory)
    print_scores(forecaster.evaluate(data or Path(load_settings(directory).data), part))
