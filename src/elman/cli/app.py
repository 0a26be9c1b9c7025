"""The tree of commands, and what a person sees when something is wrong.

Nothing heavy is imported before a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from elman import __version__
from elman.cli import evaluate, fit_forecast, predict, report
from elman.errors import ElmanError

app = typer.Typer(
    name="elman",
    help="Recurrent neural networks for sequences: fit, predict, evaluate, report.",
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
    """Recurrent neural networks for sequences: fit, predict, evaluate, report."""


def main() -> None:
    """Run the command line: 0 if all went well, 2 after a mistake, 130 after Ctrl-C."""
    try:
        app()
    except ElmanError as error:
        print(f"elman: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("elman: interrupted.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        print(f"elman: {error.filename or 'a file'}: {error.strerror or error}.", file=sys.stderr)
        sys.exit(2)
