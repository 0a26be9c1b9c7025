"""`elman predict`: forecast what comes after a table, with a fitted run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elman.errors import OptionError


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.", show_default=False)],
    data: Annotated[Path, typer.Argument(help="The past, as a CSV or Parquet file.", show_default=False)],
    out: Annotated[
        Path, typer.Option(help="Where to write the forecast: .csv or .parquet.", show_default=False)
    ],
    future: Annotated[
        Path | None,
        typer.Option(help="Known covariates of the steps to forecast; or as rows of DATA without a target."),
    ] = None,
) -> None:
    """Forecast the steps after the last observed target of each series."""
    if out.suffix not in (".csv", ".parquet"):
        raise OptionError(f"--out must end in .csv or .parquet, but it is {out}.")
    if out.is_dir() or not out.parent.is_dir():
        raise OptionError(f"--out must be a file in a folder that exists, but it is {out}.")
    from elman.tasks import Forecaster
    from elman.tasks.forecast.run import RunDirectory
    from elman.training.files import write_frame

    directory = RunDirectory(run)
    directory.require_run()
    forecast = Forecaster.load(directory / "model.safetensors").predict(data, future)
    write_frame(out, forecast)
    series = forecast["series"].n_unique()
    typer.echo(f"{forecast.height} rows, {series} series: {out}")
