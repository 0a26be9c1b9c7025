"""`elman gradcheck`: the gradient of a cell held against differences."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from typing import Annotated

import typer


def command(
    cell: Annotated[
        str,
        typer.Argument(metavar="CELL", help="As `elman cells` lists them, or FILE.py:CLASS for your own."),
    ],
    input_size: Annotated[int, typer.Option("--input", metavar="FEATURES", help="Of a time step, I.")] = 3,
    hidden_size: Annotated[int, typer.Option("--hidden", metavar="UNITS", help="Of the cell, H.")] = 4,
    length: Annotated[int, typer.Option(metavar="STEPS", help="Of a sequence, T.")] = 6,
    batch_size: Annotated[int, typer.Option("--batch", metavar="SEQUENCES", help="Of a batch, N.")] = 3,
    backend: Annotated[str, typer.Option(metavar="NAME", help="auto, llvm or eager.")] = "auto",
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of weights, input and loss.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Hold the gradient of a cell against differences; exit code 1 if it is wrong.

    [bold]Example[/bold]: elman gradcheck my_cells.py:MyCell
    """
    import torch

    from elman.diagnostics import check_gradients
    from elman.errors import EagerWarning
    from elman.layers import Recurrent
    from elman.layers.named_cells import make_cell

    torch.manual_seed(seed)
    layer = Recurrent(make_cell(cell, input_size, hidden_size), backend=backend)
    explanation = layer.explain()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EagerWarning)  # the explanation has said so
        found = check_gradients(layer, num_steps=length, batch_size=batch_size, seed=seed)
    if as_json:
        data = {"passed": found.has_passed, "explanation": explanation, **asdict(found)}
        print(json.dumps(data, indent=2))
    else:
        print(explanation, found, sep="\n")
    raise typer.Exit(0 if found.has_passed else 1)
