"""The options of `elman fit forecast`, and those of every fit; one declaration each.

The defaults stand in `ForecastSettings`; the help repeats them, since reading them there would load torch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.errors import OptionError

if TYPE_CHECKING:
    from elman.training.run import Mode, RunDirectory


def option(panel: str, name: str, metavar: str | None, text: str) -> Any:
    """Declare an option, shown in a panel of the help."""
    return typer.Option(name, metavar=metavar, help=text, rich_help_panel=panel, show_default=False)


network, training = partial(option, "The network"), partial(option, "The training")
_table, _run = partial(option, "The table"), partial(option, "The run")

Data = Annotated[
    Path | None, typer.Argument(metavar="DATA", help="A CSV or Parquet file.", show_default=False)
]
Time = Annotated[str | None, _table("--time", "COLUMN", "Time stamps, dates or integers.")]
Target = Annotated[str | None, _table("--target", "COLUMN", "What to forecast.")]
Series = Annotated[str | None, _table("--series", "COLUMN", "Names the series, if there are several.")]
Known = Annotated[
    list[str] | None,
    _table("--known", "COLUMN", "Known ahead: a holiday, a price, a weather forecast; repeat it for more."),
]
Past = Annotated[list[str] | None, _table("--past", "COLUMN", "Known only in the past; repeat it for more.")]
Horizon = Annotated[int | None, _table("--horizon", "STEPS", "How far to forecast.")]
Frequency = Annotated[
    str | None,
    _table("--frequency", "DURATION", "Distance of two steps, such as 30m, 1h, 1d, 1mo. Default: found."),
]
TimeZone = Annotated[
    str | None,
    _table("--time-zone", "ZONE", "Where the series live, such as Europe/Berlin: their calendar counts."),
]
TimeFormat = Annotated[
    str | None,
    _table(
        "--time-format",
        "FORMAT",
        "Of the time stamps, such as '%d/%m/%Y %H:%M'; or day-first, month-first, epoch-s, epoch-ms.",
    ),
]
Encoding = Annotated[
    str | None, _table("--encoding", "NAME", "Of files that are not UTF-8, such as windows-1252.")
]
Validation = Annotated[
    str | None,
    _table("--validation", "LENGTH", "Held out to tune: steps, or such as 56d. Default: a twentieth."),
]
Test = Annotated[
    str | None, _table("--test", "LENGTH", "Held out at the end to judge; 0 for none. Default: a twentieth.")
]
Context = Annotated[
    int | None,
    network("--context", "STEPS", "Past that the network reads. Default: 3 seasons or 2 horizons."),
]
CellName = Annotated[
    str | None, network("--cell", "NAME", "As `elman cells` lists them, or FILE.py:CLASS. Default: lstm.")
]
HiddenSize = Annotated[int | None, network("--hidden-size", "UNITS", "Of each layer. Default: 128.")]
NumLayers = Annotated[
    int | None, network("--layers", "LAYERS", "Of the encoder and of each decoder. Default: 1.")
]
Dropout = Annotated[
    float | None, network("--dropout", "SHARE", "Of the features, dropped in training. Default: 0.3.")
]
Quantiles = Annotated[
    list[float] | None,
    network("--quantile", "LEVEL", "To forecast; repeat it for more. Default: 0.1 0.5 0.9."),
]
NumSteps = Annotated[int | None, training("--steps", "STEPS", "Of the optimizer, at most. Default: 800.")]
BatchSize = Annotated[int | None, training("--batch-size", "WINDOWS", "For each step. Default: 64.")]
LearningRate = Annotated[float | None, training("--learning-rate", "RATE", "Its peak. Default: 0.002.")]
ThroughTime = Annotated[
    str | None, training("--through-time", "METHOD", "Its gradient: bptt or tbptt:STEPS. Default: bptt.")
]
Memory = Annotated[
    str | None, training("--memory", "SIZE", "Of the gradient, such as 64MB. Default: all it needs.")
]
Seed = Annotated[int | None, training("--seed", "NUMBER", "Of everything random. Default: 0.")]
Threads = Annotated[int | None, training("--threads", "NUMBER", "For tensor operations. Default: 1.")]
Device = Annotated[str | None, training("--device", "NAME", "cpu, cuda, cuda:1, ... Default: cpu.")]
Out = Annotated[Path | None, _run("--out", "FOLDER", "Of the run; everything is written there.")]
Config = Annotated[
    Path | None,
    _run("--config", "FILE", "A config.toml to repeat; options given here come before it."),
]
Resume = Annotated[bool, _run("--resume", None, "Continue the run in --out where it stopped.")]
Overwrite = Annotated[bool, _run("--overwrite", None, "Replace the run in --out.")]
Quiet = Annotated[bool, _run("--quiet", None, "Print the scores only, no progress.")]

RUN_OPTIONS = ("out", "config", "resume", "overwrite", "quiet")
"""What every fit has and what is no setting."""


def run_directory(
    out: Path | None, config: Path | None, resume: bool, overwrite: bool
) -> tuple[RunDirectory, Mode]:
    """Refuse options that contradict each other; return the folder of the run, and what is to become of it.

    Raises:
        OptionError: they do, or --out is missing.
    """
    if out is None:
        raise OptionError("Say where the run is to be written: --out FOLDER.")
    if resume and overwrite:
        raise OptionError("--resume continues a run and --overwrite replaces it: give one of them.")
    if resume and config:
        raise OptionError("--resume continues with the run's own config.toml: leave --config out.")
    from elman.training.run import RunDirectory

    return RunDirectory(out), "resume" if resume else "overwrite" if overwrite else "new"


def check_page(out: Path | None) -> None:
    """Refuse a name that no page can have.

    Raises:
        OptionError: it does not end in .html, or is a folder.
    """
    if out is not None and (out.suffix.lower() != ".html" or out.is_dir()):
        raise OptionError(f"--out must be a file that ends in .html, but it is {out}.")


def keep_runs(out: Path) -> None:
    """Refuse to replace a file of a run, of this one or of another.

    Raises:
        OptionError: `out` is one.
    """
    from elman.training.run import RunDirectory

    if out.exists() and RunDirectory(out.resolve().parent).holds_run:
        raise OptionError(f"--out is {out}, a file of the run in that folder; choose another name.")


def given_settings(context: typer.Context) -> dict[str, Any]:
    """Return the settings that stand on the command line, by their names in config.toml."""
    values = {
        name: _plain(value)
        for name, value in context.params.items()
        if name not in RUN_OPTIONS and _is_given(context, name)
    }
    for part in ("validation", "test"):
        length = values.get(part)
        if isinstance(length, str) and length.isdecimal():
            values[part] = int(length)
    if ":" in values.get("cell", ""):  # FILE.py:CLASS
        from elman.layers.named_cells import lasting_name

        values["cell"] = lasting_name(values["cell"])
    return values


def flags(context: typer.Context) -> dict[str, str]:
    """Return what each setting is called on the command line, by its name in config.toml."""
    return {one.name: one.opts[0] for one in context.command.params if one.name}


def _plain(value: Any) -> Any:
    """Return a value as config.toml holds it: a path must hold wherever the run is continued from."""
    if isinstance(value, Path):
        return str(value.resolve())
    return tuple(value) if isinstance(value, list) else value


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
