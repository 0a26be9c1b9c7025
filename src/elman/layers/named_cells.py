"""Cells by what a person types: the name of one of elman's, or a class in a file of their own."""

from __future__ import annotations

import difflib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from elman.cells import ALL_CELLS, Cell
from elman.cells.options import check_choice, check_size
from elman.errors import OptionError


def make_cell(name: str, input_size: int, hidden_size: int) -> Cell:
    """Return a cell with its default options.

    Args:
        name: A class or a short name as in `ALL_CELLS`; or FILE.py:CLASS for a cell of the user's own, whose
            file is run.
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.

    Raises:
        OptionError: There is no such cell, its file cannot be run, it is not made by
            CLASS(input_size, hidden_size), or a size is not positive.
    """
    check_size("input_size", input_size)
    check_size("hidden_size", hidden_size)
    if ".py:" not in name:
        return ALL_CELLS[find_cell(name)](input_size, hidden_size)
    cell_class = _load(name)
    try:
        return cell_class(input_size, hidden_size)
    except Exception as error:
        raise OptionError(
            f"{name} could not be made by {cell_class.__name__}({input_size}, {hidden_size}): "
            f"{type(error).__name__}: {error}"
        ) from error


def find_cell(name: str) -> str:
    """Return the key in `ALL_CELLS` of a class or a short name, in upper or lower case.

    Args:
        name: What a person typed.

    Raises:
        OptionError: There is no such cell; the message names those that are spelt alike.
    """
    keys = {cell_class.__name__.lower(): key for key, cell_class in ALL_CELLS.items()}
    keys |= {key.lower(): key for key in ALL_CELLS}
    if name.lower() in keys:
        return keys[name.lower()]
    close = difflib.get_close_matches(name.lower(), keys, n=6, cutoff=0.7)
    alike = dict.fromkeys(ALL_CELLS[keys[one]].__name__ for one in close)
    hint = f" Did you mean {' or '.join(alike)}?" if alike else ""
    every = ", ".join(cell_class.__name__ for cell_class in ALL_CELLS.values())
    raise OptionError(f"There is no cell called {name!r}.{hint}\n    The cells are {every}.")


def _load(name: str) -> type[Cell]:
    file, _, class_name = name.rpartition(":")
    module = _run(Path(file))
    cells = {
        key: one
        for key, one in vars(module).items()
        if isinstance(one, type) and issubclass(one, Cell) and one.__module__ == module.__name__
    }
    if not cells:
        raise OptionError(f"{file} defines no class that is an elman.Cell.")
    check_choice(f"the cell in {file}", class_name, cells)
    return cells[class_name]


def _run(path: Path) -> ModuleType:
    """Run a file as a module; what stands beside it can be imported, as by `python FILE`."""
    if not path.is_file():
        raise OptionError(f"There is no file {str(path)!r} with cells.")
    spec = importlib.util.spec_from_file_location(f"elman_cells_of.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickles look there
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise OptionError(f"{path} could not be run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module
