"""`elman stream`: what a fitted run says after each line that comes in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from elman.errors import DataError, ElmanError

if TYPE_CHECKING:
    from elman.cli.lines import LineFormat
    from elman.tasks.streaming import RowStream


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first line that cannot be used.")
    ] = False,
) -> None:
    """Read lines from standard input for ever; print at once what a run says.

    Lines are CSV, a header first, or objects of JSON, one a line; what is
    printed has the same form. The columns are those of the table of the run. A
    line that cannot be used is named on standard error.

    A forecast follows each row with a target, as soon as its series is as long
    as the network's context and the known covariates of the steps to forecast
    are there: give them ahead, in rows without a target. It is the forecast of
    `elman predict` for the lines until then.

    A classifier that reads forward answers each row with the probabilities of
    the classes so far; it keeps the last 1,000 sequences.

    Rows of a series come in order of time; a late one cannot be used. Each is
    read by itself: numbers with a decimal point, dates such as 2014-12-31.
    Memory grows with the number of series, not of lines. A series that training
    never saw is scaled by running sums, equal to `predict` up to rounding.

    [bold]Example[/bold]: elman stream runs/demand --strict
    """
    try:
        from elman.tasks.registry import runs_of
        from elman.training.run import RunDirectory

        directory = RunDirectory(run)
        _answer(runs_of(directory).stream(directory), sys.stdin.buffer, strict=strict)
    except BrokenPipeError:
        # Nobody reads on; nor shall Python find that out again when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _answer(stream: RowStream, file: BinaryIO, *, strict: bool) -> None:
    from elman.cli.lines import format_of, read_lines

    lines = read_lines(file)
    number, first = next(lines, (0, b""))
    if not number:
        raise DataError("There is nothing to read: no line came on standard input.")
    form, is_row = format_of(first, stream.columns)
    num_bad = 0 if not is_row else _take(stream, form, number, first, strict=strict)
    for number, line in lines:
        num_bad += _take(stream, form, number, line, strict=strict)
    if num_bad:
        was = "line was" if num_bad == 1 else "lines were"
        _say(f"{num_bad:,} {was} not used.")


def _take(stream: RowStream, form: LineFormat, number: int, line: bytes, *, strict: bool) -> bool:
    """Give one line to the stream and print what it says; return whether the line was bad.

    Raises:
        DataError: it was, and `strict` is set.
    """
    try:
        row = form.read(line)
        answer = None if row is None else stream.push(row)
    except ElmanError as error:
        if strict:
            raise DataError(f"line {number:,}: {error}") from error
        _say(f"line {number:,}: {error}")
        return True
    for note in stream.notes:
        _say(f"line {number:,}: {note}")
    stream.notes.clear()
    if answer is not None:
        sys.stdout.write(form.write(answer))
        sys.stdout.flush()
    return False


def _say(text: str) -> None:
    print(f"elman: {text}", file=sys.stderr, flush=True)
