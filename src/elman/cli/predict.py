"""`elman predict`: what a fitted run says of new data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elman.cli import options
from elman.errors import OptionError


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="New data, of the form of those of the run.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Where to write the predictions: .csv or .parquet.", show_default=False
        ),
    ],
    future: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Known covariates of the steps to forecast. They may also be rows of DATA without a target.",
        ),
    ] = None,
) -> None:
    """Predict with a finished run: the steps after a table, a class or a tag for each sequence.

    Of a text it says how likely each symbol was, and which was likeliest in its place.

    [bold]Example[/bold]: elman predict runs/demand new.csv --out forecast.csv
    """
    _check_out(out, [data] if future is None else [data, future])
    from elman.tasks.registry import runs_of
    from elman.training.files import write_frame
    from elman.training.run import RunDirectory

    directory = RunDirectory(run)
    prediction = runs_of(directory).predict(directory, data, future)
    write_frame(out, prediction.table)
    typer.echo(f"{prediction.summary}: {out}")


def _check_out(out: Path, tables: list[Path]) -> None:
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise OptionError(f"--out must end in .csv or .parquet, but it is {out}.")
    if out.is_dir() or not out.parent.is_dir():
        raise OptionError(f"--out must be a file in a folder that exists, but it is {out}.")
    if any(out.resolve() == table.resolve() for table in tables):
        raise OptionError(f"--out is {out}, the table to read; choose another name.")
    options.keep_runs(out)
