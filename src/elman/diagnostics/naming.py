"""What a value is called in the source of a cell."""

import ast
import linecache
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import torch

from elman.cells import marks

SKIPPED = (str(Path(torch.__file__).parent), str(Path(__file__).parent), marks.__file__)

Place = tuple[int | None, int | None, int | None, int | None]


class Use(NamedTuple):
    """What a source does with the result of a call.

    Attributes:
        targets: The variable it is assigned to; several where it is taken apart.
        function: What is called, as "share" of `self._share(gate)`.
        argument: What it is called with, if that is a variable.
        returned: Its place among what the function returns; None where it is not returned as it is.
    """

    targets: tuple[str, ...] = ()
    function: str = ""
    argument: str = ""
    returned: int | None = None

    def name(self, place: int, function: str) -> str:
        """Return what the source calls the result; nothing where it has no name."""
        if self.targets:
            return self.targets[place] if place < len(self.targets) else ""
        return f"{function}({self.argument})" if self.argument else ""


def name_of_result(function: str) -> str:
    """Return the name that the running call's result has in the source.

    That is the variable it is assigned to; else the call as it is written, if its argument is a variable;
    else the name that the caller of a helper gives to what it returns; else the function's own name.

    Args:
        function: The function's own name.
    """
    called, place = function, 0
    frame = _own_frame(sys._getframe(1))
    while frame is not None:
        use = _use_in(frame)
        name = use.name(place, called)
        if name:
            return name
        if use.returned is None or frame.f_code.co_name == "forward":
            break
        place, frame = use.returned, _own_frame(frame.f_back)
        called = "" if frame is None else _use_in(frame).function
    return function


def _own_frame(frame: FrameType | None) -> FrameType | None:
    """Return the first frame from here outwards whose code is a cell's own."""
    while frame is not None and frame.f_code.co_filename.startswith(SKIPPED):
        frame = frame.f_back
    return frame


def _use_in(frame: FrameType) -> Use:
    """Return what is done with the result of the call that a frame is in."""
    line, end_line, column, end_column = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    return _uses(source).get((line, column, end_line, end_column), Use())


@lru_cache(maxsize=64)
def _uses(source: str) -> Mapping[Place, Use]:
    """Tell of each call in a source, by its place, what is done with its result."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return {}
    found = {
        _place(node): Use(function=_function(node), argument=_argument(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for call, targets in _assigned(node):
                found[_place(call)] = found[_place(call)]._replace(targets=targets)
        elif isinstance(node, ast.Return):
            for number, call in enumerate(_parts(node.value)):
                if isinstance(call, ast.Call):
                    found[_place(call)] = found[_place(call)]._replace(returned=number)
    return found


def _assigned(node: ast.Assign) -> Iterator[tuple[ast.Call, tuple[str, ...]]]:
    """Yield the calls whose results an assignment names, and the names."""
    names = [part.id if isinstance(part, ast.Name) else "" for part in _parts(node.targets[0])]
    values = _parts(node.value)
    if len(values) == len(names):
        pairs = zip(values, names, strict=True)
        yield from ((value, (name,)) for value, name in pairs if isinstance(value, ast.Call) and name)
    elif isinstance(node.value, ast.Call):
        yield node.value, tuple(names)
        cut = node.value.func  # reset, update = torch.sigmoid(...).chunk(2)
        if isinstance(cut, ast.Attribute) and isinstance(cut.value, ast.Call) and all(names):
            yield cut.value, (", ".join(names),)


def _parts(node: ast.expr | None) -> list[ast.expr]:
    if node is None:
        return []
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _place(node: ast.expr) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _function(node: ast.Call) -> str:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name.strip("_")


def _argument(node: ast.Call) -> str:
    """Return what a call is given, if it is a variable: `tanh(memory)`, `memory.tanh()`."""
    if len(node.args) == 1 and isinstance(node.args[0], ast.Name):
        return node.args[0].id
    owner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
    return owner.id if isinstance(owner, ast.Name) else ""
