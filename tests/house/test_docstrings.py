"""A docstring tells what a public name takes, shapes and raises; and its examples run."""

import ast
import doctest
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import elman

SOURCE = Path(elman.__file__).parent
WITH_EXAMPLES = [
    ".".join(["elman", *path.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]


def public_objects() -> dict[str, Any]:
    """Find the classes and functions in the `__all__` of elman and of its public packages."""
    values = [getattr(elman, name) for name in elman.__all__]
    for package in filter(inspect.ismodule, values):
        values += [getattr(package, name) for name in getattr(package, "__all__", ())]
    return {
        f"{value.__module__}.{value.__qualname__}": value
        for value in values
        if inspect.isclass(value) or inspect.isfunction(value)
    }


def methods(owner: type) -> Iterator[Callable[..., Any]]:
    """Yield the public methods that are written in the class itself, not borrowed from another."""
    for name, member in vars(owner).items():
        function = getattr(member, "__func__", member)
        is_own = inspect.isfunction(function) and function.__qualname__ == f"{owner.__qualname__}.{name}"
        if is_own and not name.startswith("_"):
            yield function


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    taken = inspect.signature(function).parameters.values()
    return [parameter for parameter in taken if parameter.name not in {"self", "cls"}]


def described(docstring: str) -> set[str]:
    """The names that the `Args:` block of a docstring describes, or that its sentences put in backticks."""
    block = re.search(r"^Args:\n((?:    .*\n|\n)*)", docstring + "\n", re.MULTILINE)
    entries = re.findall(r"^    \*{0,2}(\w+):", block[1], re.MULTILINE) if block else []
    return {*entries, *re.findall(r"`(\w+)`", docstring)}


def raises(function: Callable[..., Any]) -> bool:
    """Whether the body of a function raises something itself."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except OSError:  # the constructor of a dataclass has no source
        return False
    return any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(tree))


def missing_blocks(function: Callable[..., Any], docstring: str) -> Iterator[str]:
    annotations = [inspect.formatannotation(parameter.annotation) for parameter in parameters(function)]
    tensor = re.compile(r"'?(torch\.)?Tensor( \| None)?'?")
    if any(map(tensor.fullmatch, annotations)) and "Shape:" not in docstring:
        yield "Shape:"
    if raises(function) and "Raises:" not in docstring:
        yield "Raises:"


def faults(value: Any) -> list[str]:
    """What the docstrings of a public class or function lack."""
    docstring = inspect.cleandoc(value.__doc__ or "")
    if not docstring:
        return ["a docstring"]
    constructor = vars(value).get("__init__") if inspect.isclass(value) else value
    found = []
    if constructor:
        names = {parameter.name for parameter in parameters(constructor)}
        found += [f"Args: {name}" for name in sorted(names - described(docstring))]
        found += missing_blocks(constructor, docstring)
    for method in methods(value) if inspect.isclass(value) else ():
        # A method may be brief: its class speaks for it too.
        both = f"{inspect.getdoc(method)}\n{docstring}"
        names = [parameter.name for parameter in parameters(method)]
        found += [f"{method.__name__}: {name}" for name in names if not re.search(rf"\b{name}\b", both)]
        found += [f"{method.__name__}: {block}" for block in missing_blocks(method, both)]
        found += [] if method.__doc__ else [f"{method.__name__}: a docstring"]
    return found


OBJECTS = public_objects()


@pytest.mark.parametrize("name", OBJECTS)
def test_docstring_is_complete(name: str):
    assert faults(OBJECTS[name]) == []


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"torch": torch}, optionflags=flags)
    assert result.failed == 0
    assert result.attempted > 0


class Undescribed:
    """Do something.

    Args:
        kept: this one is described.
    """

    def __init__(self, kept: int, forgotten: int):
        if kept > forgotten:
            raise ValueError

    def forward(self, signal: torch.Tensor, kept: int):
        """Compute."""

    def silent(self):
        pass


def test_every_fault_is_found():
    assert faults(Undescribed) == [
        "Args: forgotten",
        "Raises:",
        "forward: signal",
        "forward: Shape:",
        "silent: a docstring",
    ]
    assert faults(type("Bare", (), {})) == ["a docstring"]
