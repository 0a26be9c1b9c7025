"""What a value is called in the source of a cell."""

import ast
import linecache
import sys
from functools import lru_cache
from pathlib import Path
from types import FrameType

import torch

from elman.cells import marks

SKIPPED = (str(Path(torch.__file__).parent), str(Path(__file__).parent), marks.__file__)

Place = tuple[int | None, int | None, int | None, int | None]


def name_of_result(function: str) -> str:
    """Return the name that the running call's result has in the source.

    That is the variable it is assigned to; else the call as it is written, if its argument is a variable;
    else the function's own name.

    Args:
        function: The function's own name.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_skipped(frame):
        frame = frame.f_back
    if frame is None:
        return function
    line, end_line, column, end_column = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    found = _calls(source).get((line, column, end_line, end_column))
    if found is None:
        return function
    target, argument = found
    return target or (f"{function}({argument})" if argument else function)


def _is_skipped(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(SKIPPED)


@lru_cache(maxsize=64)
def _calls(source: str) -> dict[Place, tuple[str, str]]:
    """List the calls in a source by their place: the variable each is assigned to, and its argument."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return {}
    targets = {
        _place(node.value): node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return {
        _place(node): (targets.get(_place(node), ""), _argument(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }


def _place(node: ast.expr) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _argument(node: ast.Call) -> str:
    """Return what a call is given, if it is a variable: `tanh(memory)`, `memory.tanh()`."""
    if len(node.args) == 1 and isinstance(node.args[0], ast.Name):
        return node.args[0].id
    owner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
    return owner.id if isinstance(owner, ast.Name) else ""
