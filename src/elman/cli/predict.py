"""`elman predict`: forecast what comes after a table, with a fitted run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elman.errors import OptionError


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="The past, as a CSV or Parquet file.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Where to write the forecast: .csv or .parquet.", show_default=False
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
    """Forecast the steps after the last observed target of each series.

    [bold]Example[/bold]: elman predict runs/demand new.csv --out forecast.csv
    """
    _check_out(out, run, [data] if future is None else [data, future])
    from elman.tasks.forecast.run import load_forecaster
    from elman.training.files import write_frame
    from elman.training.run import RunDirectory

    forecast = load_forecaster(RunDirectory(run)).predict(data, future)
    write_frame(out, forecast)
    series = forecast["series"].n_unique()
    typer.echo(f"{forecast.height} rows, {series} series: {out}")


def _check_out(out: Path, run: Path, tables: list[Path]) -> None:
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise OptionError(f"--out must end in .csv or .parquet, but it is {out}.")
    if out.is_dir() or not out.parent.is_dir():
        raise OptionError(f"--out must be a file in a folder that exists, but it is {out}.")
    if any(out.resolve() == table.resolve() for table in tables):
        raise OptionError(f"--out is {out}, the table to read; choose another name.")
    if out.exists() and out.resolve().parent == run.resolve():
        raise OptionError(f"--out is {out}, a file of the run; choose another name.")
