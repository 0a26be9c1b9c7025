"""`elman plan`: what training a network will take, in memory and time, before it begins."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.errors import OptionError

if TYPE_CHECKING:
    from elman.training.planning import PlannedMethod

_COLUMNS = ("total", "kept", "work", "buffers", "weights")


def command(
    cell: Annotated[
        str, typer.Option(metavar="NAME", help="As `elman cells` lists them, or FILE.py:CLASS.")
    ] = "lstm",
    input_size: Annotated[int, typer.Option("--input", metavar="FEATURES", help="Of a time step, I.")] = 8,
    hidden_size: Annotated[int, typer.Option("--hidden", metavar="UNITS", help="Of each layer, H.")] = 64,
    num_layers: Annotated[int, typer.Option("--layers", metavar="LAYERS", help="One on the other.")] = 1,
    length: Annotated[int, typer.Option(metavar="STEPS", help="Of a sequence, T.")] = 1000,
    batch_size: Annotated[int, typer.Option("--batch", metavar="SEQUENCES", help="Of a batch, N.")] = 32,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="What there is, such as 64MB or 2GB.", show_default=False),
    ] = None,
    optimizer: Annotated[
        str, typer.Option(metavar="NAME", help="adam, adamw, rmsprop, adagrad or sgd.")
    ] = "adam",
    time: Annotated[bool, typer.Option(help="Run a few steps to foretell the time.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what training takes: memory and time for each way to get the gradient.

    With --memory, also the longest sequences and the largest network that fit.

    [bold]Example[/bold]: elman plan --cell gru --hidden 128 --length 10000 --memory 256MB
    """
    from elman.training.planning import largest_hidden_size, largest_length, plan
    from elman.training.planning.shapes import make_network
    from elman.training.through_time import BPTT

    layer = make_network(cell, input_size, hidden_size, num_layers)
    rows = plan(layer, length, batch_size, memory=memory, optimizer=optimizer, is_timed=time)
    largest: dict[str, int | None] = {}
    if memory is not None:
        options: dict[str, Any] = {"memory": memory, "optimizer": optimizer}
        budgeted = BPTT(memory)
        largest = {
            "length": _found(lambda: largest_length(layer, batch_size, **options)),
            "length within a budget": _found(
                lambda: largest_length(layer, batch_size, method=budgeted, **options)
            ),
            "hidden size": _found(
                lambda: largest_hidden_size(
                    lambda size: make_network(cell, input_size, size, num_layers),
                    length,
                    batch_size,
                    **options,
                )
            ),
        }
    if as_json:
        print(json.dumps({"methods": [_as_data(row) for row in rows], "largest": largest}, indent=2))
        return
    count = sum(parameter.numel() for parameter in layer.parameters())
    print(f"{count:,} parameters, {length:,} time steps, {batch_size:,} sequences")
    for line in _table(rows, memory):
        print(line)
    for what, value in largest.items():
        print(f"largest {what} in {memory}: {'none' if value is None else format(value, ',')}")


def _found(search: Any) -> int | None:
    """Return what a search finds; None where nothing fits."""
    try:
        return search()
    except OptionError:
        return None


def _as_data(row: PlannedMethod) -> dict[str, Any]:
    return {
        "method": repr(row.method),
        "memory": None if row.memory is None else {**asdict(row.memory), "total": row.memory.total},
        "seconds": row.seconds,
        "refusal": row.refusal,
        "fits": row.fits,
    }


def _table(rows: tuple[PlannedMethod, ...], memory: str | None) -> list[str]:
    heads = ["", *_COLUMNS, "a pass", *(["fits"] if memory else [])]
    table = [heads, *(_cells(row, memory) for row in rows if row.memory is not None)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])]).rstrip()
        for name, *cells in table
    ]
    refused = [f"{row.method!r}: {row.refusal.splitlines()[0]}" for row in rows if row.refusal]
    return [*lines, *refused]


def _cells(row: PlannedMethod, memory: str | None) -> list[str]:
    from elman.training.through_time.sizes import format_bytes

    assert row.memory is not None
    weights = row.memory.parameters + row.memory.gradients + row.memory.optimizer
    sizes = [row.memory.total, row.memory.kept, row.memory.work, row.memory.buffers, weights]
    seconds = "-" if row.seconds is None else _in_words(row.seconds)
    fits = [("yes" if row.fits else "no")] if memory else []
    return [repr(row.method), *map(format_bytes, sizes), seconds, *fits]


def _in_words(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
