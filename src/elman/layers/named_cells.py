"""Cells by what a person types: the name of one of elman's, or a class in a file of their own."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from elman.cells import ALL_CELLS, Cell
from elman.cells.options import check_choice, check_size
from elman.errors import OptionError

_PREFIX = "elman_cells_of."  # of the modules that files are run as


def find_class(name: str) -> type[Cell]:
    """Return the class of a cell.

    Args:
        name: As for `make_cell`.

    Raises:
        OptionError: There is no such cell, or its file cannot be run.
    """
    return load_cell(name) if is_own(name) else ALL_CELLS[find_cell(name)]


def make_cell(name: str, input_size: int, hidden_size: int) -> Cell:
    """Return a cell with its default options.

    Args:
        name: A class or a short name as in `ALL_CELLS`; or one of the user's own, as `is_own` says.
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.

    Raises:
        OptionError: There is no such cell, its file cannot be run, it is not made by
            CLASS(input_size, hidden_size), or a size is not positive.
    """
    check_size("input_size", input_size)
    check_size("hidden_size", hidden_size)
    cell_class = find_class(name)
    if not is_own(name):
        return cell_class(input_size, hidden_size)
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


def is_own(name: str) -> bool:
    """Whether a name is that of a user's own class: FILE.py:CLASS, or MODULE:CLASS of what is installed.

    Args:
        name: What a person typed.
    """
    return ":" in name


def load_cell(name: str) -> type[Cell]:
    """Return a class of the user's own; its file is run, once for as long as it stays as it is.

    Args:
        name: FILE.py:CLASS or MODULE:CLASS.

    Raises:
        OptionError: There is no such file or module, it cannot be run, or it has no such cell.
    """
    home, _, class_name = name.rpartition(":")
    if home.endswith(".py"):
        path = Path(home).expanduser().resolve()
        if not path.is_file():
            raise OptionError(f"There is no file {home!r} with cells.")
        module = _run(path, path.stat().st_mtime_ns)
    else:
        module = _import(home)
    cells = {key: one for key, one in vars(module).items() if isinstance(one, type) and issubclass(one, Cell)}
    if home.endswith(".py"):  # not what it imports
        cells = {key: one for key, one in cells.items() if one.__module__ == module.__name__}
    if not cells:
        raise OptionError(f"{home} defines no class that is an elman.Cell.")
    check_choice(f"the cell in {home}", class_name, cells)
    return cells[class_name]


def lasting_name(cell: object) -> str | None:
    """Return a name by which a cell is found again in another process and folder; None if there is none.

    Args:
        cell: A name, or a class of the user's own, which a module or a file must hold.
    """
    if isinstance(cell, str):
        home, _, class_name = cell.rpartition(":")
        return f"{Path(home).expanduser().resolve()}:{class_name}" if home.endswith(".py") else cell
    if not isinstance(cell, type) or not issubclass(cell, Cell) or "." in cell.__qualname__:
        return None
    if cell.__module__.startswith(_PREFIX):
        return f"{sys.modules[cell.__module__].__file__}:{cell.__name__}"
    # A script is not for being run again.
    return None if cell.__module__ == "__main__" else f"{cell.__module__}:{cell.__name__}"


def file_digest(name: str | None) -> str | None:
    """Return the SHA-256 of the file that a cell is in; None if it is in none, or in one that is gone.

    Args:
        name: As `lasting_name` returns it.
    """
    home = (name or "").rpartition(":")[0]
    is_there = home.endswith(".py") and Path(home).is_file()
    return hashlib.sha256(Path(home).read_bytes()).hexdigest() if is_there else None


@cache
def _run(path: Path, changed: int) -> ModuleType:  # noqa: ARG001 - a file that was changed is run again
    """Run a file as a module; what stands beside it can be imported, as by `python FILE`."""
    folder = hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]  # two files may have one name
    spec = importlib.util.spec_from_file_location(f"{_PREFIX}{path.stem}_{folder}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickles look there
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise OptionError(f"{path} could not be run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise OptionError(
            f"The module {name!r} with cells could not be imported: {type(error).__name__}: {error}\n"
            "    A cell in a file is FILE.py:CLASS."
        ) from error
