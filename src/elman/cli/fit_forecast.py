"""`elman fit forecast`: from a table to a forecaster, its scores and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.errors import OptionError

_DATA, _NETWORK, _TRAINING, _RUN = "The table", "The network", "The training", "The run"


def _option(panel: str, name: str, help: str, **more: Any) -> Any:
    return typer.Option(
        name, help=help, rich_help_panel=panel, show_default=more.pop("show_default", False), **more
    )


def command(
    context_: typer.Context,
    data: Annotated[Path | None, typer.Argument(help="A CSV or Parquet file.", show_default=False)] = None,
    time: Annotated[str | None, _option(_DATA, "--time", "Column of time stamps, dates or integers.")] = None,
    target: Annotated[str | None, _option(_DATA, "--target", "Column to forecast.")] = None,
    series: Annotated[
        str | None, _option(_DATA, "--series", "Column that names the series, if there are several.")
    ] = None,
    known: Annotated[
        list[str] | None,
        _option(
            _DATA,
            "--known",
            "Covariate whose future is known (a holiday, a price, a weather forecast); repeat it for more.",
        ),
    ] = None,
    past: Annotated[
        list[str] | None, _option(_DATA, "--past", "Covariate known only in the past; repeat it for more.")
    ] = None,
    horizon: Annotated[int | None, _option(_DATA, "--horizon", "Steps to forecast.")] = None,
    frequency: Annotated[
        str | None,
        _option(_DATA, "--frequency", "Distance of two steps, such as 30m, 1h, 1d, 1mo. Default: found."),
    ] = None,
    time_zone: Annotated[
        str | None,
        _option(_DATA, "--time-zone", "Where the series live, such as Europe/Berlin: their calendar counts."),
    ] = None,
    validation: Annotated[
        str | None,
        _option(
            _DATA,
            "--validation",
            "Length of the validation part: steps, or such as 56d. Default: a twentieth.",
        ),
    ] = None,
    test: Annotated[
        str | None,
        _option(_DATA, "--test", "Length of the test part at the end; 0 for none. Default: a twentieth."),
    ] = None,
    context: Annotated[
        int | None,
        _option(_NETWORK, "--context", "Past steps the network reads. Default: 3 seasons or 2 horizons."),
    ] = None,
    cell: Annotated[str | None, _option(_NETWORK, "--cell", "elman, gru or lstm. Default: lstm.")] = None,
    hidden_size: Annotated[
        int | None, _option(_NETWORK, "--hidden-size", "Units of each layer. Default: 64.")
    ] = None,
    num_layers: Annotated[
        int | None, _option(_NETWORK, "--layers", "Layers of the encoder and of each decoder. Default: 1.")
    ] = None,
    dropout: Annotated[
        float | None, _option(_NETWORK, "--dropout", "Share of features dropped in training. Default: 0.3.")
    ] = None,
    quantiles: Annotated[
        list[float] | None,
        _option(_NETWORK, "--quantile", "Level to forecast; repeat it for more. Default: 0.1 0.5 0.9."),
    ] = None,
    num_steps: Annotated[
        int | None, _option(_TRAINING, "--steps", "Optimizer steps at most. Default: 800.")
    ] = None,
    batch_size: Annotated[
        int | None, _option(_TRAINING, "--batch-size", "Windows a step. Default: 64.")
    ] = None,
    learning_rate: Annotated[
        float | None, _option(_TRAINING, "--learning-rate", "Its peak. Default: 0.002.")
    ] = None,
    seed: Annotated[int | None, _option(_TRAINING, "--seed", "Of everything random. Default: 0.")] = None,
    threads: Annotated[
        int | None, _option(_TRAINING, "--threads", "Threads of a tensor operation. Default: 1.")
    ] = None,
    device: Annotated[
        str | None, _option(_TRAINING, "--device", "cpu, cuda, cuda:1, ... Default: cpu.")
    ] = None,
    out: Annotated[
        Path | None, _option(_RUN, "--out", "Folder of the run; everything is written there.")
    ] = None,
    config: Annotated[
        Path | None, _option(_RUN, "--config", "A config.toml to repeat; options given here come before it.")
    ] = None,
    resume: Annotated[bool, _option(_RUN, "--resume", "Continue the run in --out where it stopped.")] = False,
    overwrite: Annotated[bool, _option(_RUN, "--overwrite", "Replace the run in --out.")] = False,
    quiet: Annotated[bool, _option(_RUN, "--quiet", "Print the scores only, no progress.")] = False,
) -> None:
    """Fit a forecaster to a table, score it beside baselines, and write a report.

    The last steps of each series are kept for testing, the ones before them for validation; the network
    learns from the rest. Missing values and gaps are handled and reported.

    [bold]Example[/bold]: elman fit forecast demand.csv --time Time --target Demand --known Temperature
    --known Holiday --horizon 48 --out runs/demand
    """
    given = _given(context_)
    if out is None:
        raise OptionError("Say where the run is to be written: --out FOLDER.")
    if resume and overwrite:
        raise OptionError("--resume continues a run and --overwrite replaces it: give one of them.")
    from elman.cli.progress import watch
    from elman.cli.scores import print_report
    from elman.report import write_forecast_report
    from elman.tasks.forecast.run import ForecastSettings, RunDirectory, read_settings, run_forecast

    directory = RunDirectory(out)
    if resume:
        values = _resumed(directory, given, read_settings)
    else:
        values = {**(read_settings(config) if config else {}), **given}
    settings = ForecastSettings.from_mapping(values, str(config or "The command line"))
    _use_threads(settings.threads)
    mode = "resume" if resume else "overwrite" if overwrite else "new"
    with watch(settings.num_steps, quiet=quiet) as observer:
        try:
            result = run_forecast(settings, directory, mode, observer)
        except KeyboardInterrupt:
            typer.echo(f"elman: stopped. Continue with: elman fit forecast --resume --out {out}", err=True)
            raise typer.Exit(130) from None
    path = write_forecast_report(result, directory / "report.html")
    print_report(result, path, quiet=quiet)


def _given(context: typer.Context) -> dict[str, Any]:
    """Return the settings that stand on the command line, by their names in config.toml."""
    outside = {"out", "config", "resume", "overwrite", "quiet"}
    values = {
        name: value
        for name, value in context.params.items()
        if name not in outside and _is_given(context, name)
    }
    if "data" in values:
        values["data"] = str(Path(values["data"]).resolve())
    for name in ("validation", "test"):
        if values.get(name, "").isdigit():
            values[name] = int(values[name])
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _resumed(directory: Any, given: dict[str, Any], read_settings: Any) -> dict[str, Any]:
    """Return the settings of the run to continue; what the command line says must agree with them."""
    if not directory.holds_run:
        raise OptionError(f"{directory.path} holds no run to continue; leave --resume out to begin one.")
    stored = read_settings(directory / "config.toml")
    for name, value in given.items():
        before = stored.get(name)
        if (tuple(before) if isinstance(before, list) else before) != value:
            raise OptionError(
                f"The run to continue has {name} = {before!r}, not {value!r}; leave the option out."
            )
    return stored


def _use_threads(number: int) -> None:
    import torch

    if number < 1:
        raise OptionError(f"--threads must be 1 or more, but it is {number}.")
    torch.set_num_threads(number)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
