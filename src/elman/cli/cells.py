"""`elman cells`: the cells that elman brings, their equations, and what runs them."""

from __future__ import annotations

import json
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from elman.layers.catalogue import CellDescription


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="CELL",
            help="One cell, or FILE.py:CLASS, to show in full; all without it.",
            show_default=False,
        ),
    ] = None,
    input_size: Annotated[int, typer.Option(metavar="FEATURES", help="Of the input, I.")] = 64,
    hidden_size: Annotated[int, typer.Option(metavar="UNITS", help="Of the cell, H.")] = 64,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the cells: equations, number of parameters, backend.

    [bold]Example[/bold]: elman cells LSTMCell --hidden-size 128
    """
    from elman.layers.catalogue import describe_cell, describe_cells

    if name is None:
        cells = describe_cells(input_size, hidden_size)
        print(_dump([_as_data(cell) for cell in cells]) if as_json else _list(cells))
    else:
        cell = describe_cell(name, input_size, hidden_size)
        print(_dump(_as_data(cell)) if as_json else _page(cell, input_size, hidden_size))


def _dump(data: Any) -> str:
    return json.dumps(data, indent=2, default=str)


def _as_data(cell: CellDescription) -> dict[str, Any]:
    return {
        "name": cell.name,
        "key": cell.key,
        "summary": cell.documentation.summary,
        "use": cell.documentation.use,
        "equations": cell.equations,
        "equations_in_full": cell.documentation.equations,
        "options": cell.options,
        "parameters": cell.parameters,
        "num_parameters": cell.num_parameters,
        "state": cell.state,
        "output_size": cell.output_size,
        "backend": cell.backend,
        "explanation": cell.explanation,
        "reference": cell.documentation.reference,
        "differs_from_the_paper": cell.documentation.differences,
    }


def _list(cells: list[CellDescription]) -> str:
    width, keys = (max(len(getattr(cell, of)) for cell in cells) for of in ("name", "key"))
    lines = [f"{'cell':<{width}}  {'--cell':<{keys}}  parameters  backend"]
    for cell in cells:
        lines.append(f"{cell.name:<{width}}  {cell.key:<{keys}}  {cell.num_parameters:>10,}  {cell.backend}")
        lines += [f"    {equation}" for equation in cell.equations]
    return "\n".join(lines)


def _page(cell: CellDescription, input_size: int, hidden_size: int) -> str:
    told = cell.documentation
    shapes = {name: " x ".join(map(str, shape)) or "1" for name, shape in cell.parameters.items()}
    state = ", ".join(str(("N", *shape)).replace("'", "") for shape in cell.state)
    sections = [
        f"{cell.name} ({cell.key})",
        _wrap(f"{told.summary} {told.use}", 0),
        _block("Equations", told.equations),
        _block("Options", [_option(name, default, told.arguments) for name, default in cell.options.items()]),
        _block(
            f"Parameters at input size {input_size} and hidden size {hidden_size}: {cell.num_parameters:,}",
            [f"{name:<{max(map(len, shapes))}}  {shape}" for name, shape in shapes.items()],
        ),
        _block("State", [state]),
        _block("Backend", [cell.explanation]),
        _block("Reference", [_wrap(told.reference)]),
        _block("Differs from the paper", [_wrap(told.differences)]),
    ]
    return "\n\n".join(filter(None, sections))


def _option(name: str, default: object, arguments: Any) -> str:
    return f"{name} = {default!r}\n{_wrap(arguments.get(name, ''), 8)}".rstrip()


def _wrap(text: str, indent: int = 4) -> str:
    margin = " " * indent
    return fill(text, 80, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)


def _block(title: str, lines: Any) -> str:
    """Return a titled block, or nothing where there are no lines; a wrapped text brings its own indent."""
    kept = [line if line.startswith("    ") else f"    {line}" for line in lines if line]
    return "\n".join([title, *kept]) if kept else ""
