"""`elman generate`: let a fitted language model write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    length: Annotated[
        int, typer.Option(metavar="SYMBOLS", help="To write: characters, bytes or words, as the run's unit.")
    ] = 500,
    prompt: Annotated[
        str, typer.Option(metavar="TEXT", help="What stands before them. Default: the beginning of a line.")
    ] = "",
    temperature: Annotated[
        float,
        typer.Option(metavar="NUMBER", help="Below 1 likelier, above 1 wilder; 0 always the likeliest."),
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(metavar="SYMBOLS", help="Draw from so many likeliest ones only.")
    ] = None,
    top_p: Annotated[
        float, typer.Option(metavar="SHARE", help="Draw from the likeliest that hold this probability.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the draws.")] = 0,
) -> None:
    """Write text with a run of `elman fit text`.

    The text goes to the standard output; a word about symbols of the prompt
    that training never saw goes to the standard error.

    [bold]Example[/bold]: elman generate runs/book --prompt "Once" --temperature 0.8
    """
    from elman.tasks.text.run import load_model
    from elman.tasks.text.sampling import Sampling
    from elman.training.run import RunDirectory

    sampling = Sampling(temperature, top_k, top_p)
    model = load_model(RunDirectory(run))
    written = model.generate(length, prompt=prompt, sampling=sampling, seed=seed)
    if written.unknown:
        named = ", ".join(map(repr, written.unknown))
        print(
            f"note: training never saw {named}; read as an unknown {model.vocabulary.unit}.", file=sys.stderr
        )
    typer.echo(written.text)
