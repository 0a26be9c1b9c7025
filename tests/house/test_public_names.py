"""Names that are loaded on first use are the ones that linters and editors see."""

import ast
import inspect
from importlib import import_module

import pytest

import elman

PACKAGES = ["elman", *(f"elman.{name}" for name in elman.__all__ if inspect.ismodule(getattr(elman, name)))]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str):
    module = import_module(package)
    names = getattr(module, "__all__", [])
    assert [name for name in names if not hasattr(module, name)] == []
    assert set(names) <= set(dir(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_comes_from_where_it_is_imported_for_types(package: str):
    module = import_module(package)
    imports = [
        node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.ImportFrom)
    ]
    for node in imports:
        for name in [alias.name for alias in node.names if alias.name in getattr(module, "__all__", [])]:
            assert node.module
            assert getattr(module, name) is getattr(import_module(node.module), name)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="module 'elman' has no attribute 'LSTMM'"):
        _ = elman.LSTMM  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ImportError, match="cannot import name 'LSTMM' from 'elman'"):
        exec("from elman import LSTMM")
