"""What the tensors of a state are called: h and c of an LSTM."""

import re
from collections.abc import Iterator

from elman.cells import Cell, Wrapper
from elman.cells.documentation import read_documentation
from elman.cells.state import State, state_tensors

_RETURNED = re.compile(r"returns [^,]+, \((.+)\)")
_PART = re.compile(r"(\*?)(\w+)_t")


def state_names(cell: Cell, state: State) -> list[str]:
    """Name the tensors of a state as the cell's own equations do.

    Args:
        cell: Its docstring says what it returns, `returns h_t, (h_t, c_t)`; a wrapper has the states of the
            cell inside.
        state: One of its states.

    Returns:
        "state" for a single tensor; else the names in the equations, or "state.0" and so on where these name
        none, or not as many.

    Example:
        >>> from elman.cells import LSTMCell
        >>> cell = LSTMCell(3, 5)
        >>> state_names(cell, cell.initial_state(1))
        ['h', 'c']
    """
    num = len(state_tensors(state))
    if num == 1:
        return ["state"]
    while isinstance(cell, Wrapper):
        cell = cell.cell
    names = list(_declared(cell, num))
    is_told = len(names) == num == len(set(names))
    return names if is_told else [f"state.{place}" for place in range(num)]


def _declared(cell: Cell, num: int) -> Iterator[str]:
    """Yield the names of the last line of the equations; one with a star stands for all that is left."""
    equations = read_documentation(type(cell)).equations
    found = _RETURNED.fullmatch(equations[-1]) if equations else None
    parts = found[1].split(", ") if found else []
    for part in parts:
        name = _PART.fullmatch(part)
        if name is None:
            return
        if name[1]:
            yield from (f"{name[2]}.{place}" for place in range(num - len(parts) + 1))
        else:
            yield name[2]
