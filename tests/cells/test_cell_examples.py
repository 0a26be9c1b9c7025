"""The examples in the docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import elman.cells

MODULES = [module.name for module in pkgutil.iter_modules(elman.cells.__path__, "elman.cells.")]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
