"""`elman score`: how likely a fitted language model finds lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from elman.cli import options
from elman.errors import OptionError


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path, typer.Argument(metavar="FILE", help="A text; each line is scored alone.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a .csv or .parquet instead of printing.")
    ] = None,
) -> None:
    """Say how likely each line of a text is: its log-probability, in nats.

    A line is read as the first of a text, its end included. Columns: the
    log-probability, how many symbols, nats per symbol (less is likelier), the
    line.

    [bold]Example[/bold]: elman score runs/book lines.txt
    """
    if out is not None and (
        out.suffix.lower() not in (".csv", ".parquet") or not out.parent.is_dir() or out.is_dir()
    ):
        raise OptionError(f"--out must be a .csv or .parquet in a folder that exists, but it is {out}.")
    if out is not None and out.resolve() == data.resolve():
        raise OptionError(f"--out is {out}, the text to read; choose another name.")
    if out is not None:
        options.keep_runs(out)
    import polars as pl

    from elman.data.text import read_text
    from elman.tasks.text.run import load_model
    from elman.tasks.text.settings import TextSettings
    from elman.training.files import write_frame
    from elman.training.run import RunDirectory

    directory = RunDirectory(run)
    model = load_model(directory)
    text, _ = read_text(data, TextSettings.of_run(directory).encoding)
    scores = model.score(text.removesuffix("\n").split("\n"))
    unknown = sorted({symbol for score in scores for symbol in score.unknown})
    if unknown:
        named = ", ".join(map(repr, unknown[:10])) + (", ..." if len(unknown) > 10 else "")
        print(
            f"note: training never saw {named}; read as an unknown {model.vocabulary.unit}.", file=sys.stderr
        )
    means = [-score.log_probability / max(1, score.num_symbols) for score in scores]
    if out is None:
        for score, mean in zip(scores, means, strict=True):
            typer.echo(f"{score.log_probability:.4f}\t{score.num_symbols}\t{mean:.4f}\t{score.line}")
        return
    columns = {
        "line": [score.line for score in scores],
        "log_probability": [score.log_probability for score in scores],
        "num_symbols": [score.num_symbols for score in scores],
        "nats_per_symbol": means,
    }
    write_frame(out, pl.DataFrame(columns))
    typer.echo(f"{len(scores)} line{'' if len(scores) == 1 else 's'}: {out}")
