"""`elman evaluate`: score a fitted run beside the baselines, again or on a newer table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Other data of the same form. Default: the data of the run."),
    ] = None,
    part: Annotated[str, typer.Option(metavar="PART", help="test or validation.")] = "test",
) -> None:
    """Score a held-out part beside the baselines.

    Of forecasts there is one per horizon, each seeing only what was known then. Of other data, a series and a
    text are divided as those of the run were, and the same part is scored; sequences are all scored.

    [bold]Example[/bold]: elman evaluate runs/demand --part validation
    """
    from elman.cli.scores import print_scores
    from elman.tasks.registry import runs_of
    from elman.training.run import RunDirectory

    directory = RunDirectory(run)
    runs = runs_of(directory)
    if data is None:
        runs.require_data(directory)
    print_scores(runs.evaluate(directory, data, part))
