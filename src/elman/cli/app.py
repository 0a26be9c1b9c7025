"""The tree of commands, and what a person sees when something is wrong.

Nothing heavy is imported before a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from elman import __version__
from elman.cli import evaluate, fit_forecast, predict, report
from elman.errors import ElmanError


class _FitFirst(TyperGroup):
    """Lists the commands in the order in which they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: name != "fit")


app = typer.Typer(
    name="elman",
    cls=_FitFirst,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
fit = typer.Typer(help="Fit a network to your own table.", no_args_is_help=True, rich_markup_mode="rich")
app.add_typer(fit, name="fit")
fit.command("forecast")(fit_forecast.command)
app.command("predict")(predict.command)
app.command("evaluate")(evaluate.command)
app.command("report")(report.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"elman {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Recurrent neural networks for sequences: fit to your own table, predict, evaluate, report.

    [bold]Example[/bold]: elman fit forecast demand.csv --time Time --target Demand
    --horizon 48 --out runs/demand

    A mistake ends with one message and exit code 2, Ctrl-C with 130.
    """


def main() -> None:
    """Run the command line: 0 if all went well, 2 after a mistake, 130 after Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file name need not be text that the terminal can show.
        sys.stdout.reconfigure(errors="replace")
    try:
        app(prog_name="elman")
    except ElmanError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}.")
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        _fail("There is not enough memory; choose a smaller --hidden-size, --batch-size or --context.")


def _fail(message: str) -> None:
    print(f"elman: {message}", file=sys.stderr)
    sys.exit(2)


def _is_out_of_memory(error: Exception) -> bool:
    """Tell by the text, since torch raises a plain RuntimeError where the memory of the machine ends."""
    signs = ("not enough memory", "can't allocate memory", "out of memory", "size calculation overflowed")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)
