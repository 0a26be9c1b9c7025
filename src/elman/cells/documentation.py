"""What the docstring of a cell says, block by block."""

import inspect
import re
from collections.abc import Mapping
from typing import NamedTuple

from elman.cells.base import Cell

_HEADING = re.compile(r"^(Equations|Args|Shape|Raises|Reference|Differs from the paper|Example):\n", re.M)
_NUMBER = re.compile(r"^\(\w+\) ")
_ARGUMENT = re.compile(r"^(\w+): +", re.M)


class Documentation(NamedTuple):
    """The docstring of a cell.

    Attributes:
        summary: Its first sentence.
        use: When to use the cell.
        equations: The lines of the `Equations:` block.
        arguments: What it says of each argument.
        reference: Where the cell comes from.
        differences: How it differs from there.
    """

    summary: str
    use: str
    equations: tuple[str, ...]
    arguments: Mapping[str, str]
    reference: str
    differences: str


def read_documentation(cell_class: type[Cell]) -> Documentation:
    """Take the docstring of a cell apart; what is not there is empty.

    Args:
        cell_class: The class itself; nothing is taken from the classes it derives from.
    """
    docstring = inspect.cleandoc(cell_class.__dict__.get("__doc__") or "") + "\n"
    opening, *parts = _HEADING.split(docstring)
    blocks = {name: inspect.cleandoc(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    summary, _, use = opening.strip().partition("\n\n")
    return Documentation(
        _flow(summary),
        _flow(use),
        tuple(line.strip() for line in blocks.get("Equations", "").splitlines()),
        _arguments(blocks.get("Args", "")),
        _flow(blocks.get("Reference", "")),
        _flow(blocks.get("Differs from the paper", "")),
    )


def brief_equations(cell: Cell) -> list[str]:
    """Return the equations that hold for the options of a cell, without numbers and names of parameters.

    Args:
        cell: Its options decide between equations with a condition, and name its activations.
    """
    brief = []
    for line in read_documentation(type(cell)).equations:
        equation, _, condition = line.partition(" if ")
        if not line.startswith(("[", "returns")) and _holds(condition.strip(), cell):
            brief.append(_name_functions(_NUMBER.sub("", equation.strip()), cell))
    return brief


def _holds(condition: str, cell: Cell) -> bool:
    option, _, legal = condition.partition("=")
    return not condition or str(getattr(cell, option, None)) == legal.strip('"')


def _name_functions(equation: str, cell: Cell) -> str:
    """Write the function that an option names in the place of the option."""
    for name, value in vars(cell).items():
        if isinstance(value, str):
            equation = re.sub(rf"\b{name}\(", f"{value}(", equation)
    return equation


def _arguments(block: str) -> dict[str, str]:
    _, *parts = _ARGUMENT.split(block)
    return {name: _flow(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _flow(text: str) -> str:
    return " ".join(text.split())
