"""The tree of commands, and what a person sees when something is wrong.

Nothing heavy is imported before a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from elman import __version__
from elman.cli import (
    bench,
    cells,
    evaluate,
    experiment,
    fit_classify,
    fit_forecast,
    fit_tag,
    fit_text,
    generate,
    gradcheck,
    inspect,
    plan,
    predict,
    report,
    score,
    stream,
)
from elman.errors import ElmanError


class _FitFirst(TyperGroup):
    """Lists the commands in the order in which they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: name != "fit")


# typer keeps the base of all errors in the arguments to itself.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

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
fit.command("classify")(fit_classify.command)
fit.command("forecast")(fit_forecast.command)
fit.command("tag")(fit_tag.command)
fit.command("text")(fit_text.command)
app.command("predict")(predict.command)
app.command("stream")(stream.command)
app.command("evaluate")(evaluate.command)
app.command("report")(report.command)
app.command("generate")(generate.command)
app.command("score")(score.command)
app.command("gradcheck")(gradcheck.command)
app.command("inspect")(inspect.command)
app.command("cells")(cells.command)
app.command("plan")(plan.command)
app.command("bench")(bench.command)
app.command("experiment")(experiment.command)


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
        sys.exit(app(prog_name="elman", standalone_mode=False))
    except _UsageError as error:
        _fail(_usage(error))
    except ElmanError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}.")
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        _fail("There is not enough memory; choose a smaller --hidden-size, --batch-size or --context.")


def _fail(message: str) -> NoReturn:
    if message:
        print(f"elman: {message}", file=sys.stderr)
    sys.exit(2)


def _usage(error: Any) -> str:
    """Return what is wrong with the arguments; nothing if there are none and the help was printed."""
    message = error.format_message().strip().rstrip(".")
    command = error.ctx.command_path if error.ctx else "elman"
    end = "" if message.endswith("?") else "."
    return message and f"{message}{end} See: {command} --help"


def _is_out_of_memory(error: Exception) -> bool:
    """Tell by the text, since torch raises a plain RuntimeError where the memory of the machine ends."""
    signs = ("not enough memory", "can't allocate memory", "out of memory", "size calculation overflowed")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)
