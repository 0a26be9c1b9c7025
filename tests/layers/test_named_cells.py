"""Cells by name: elman's, and those in a file or a module of one's own."""

import os
import sys
from pathlib import Path

import pytest
import torch

from elman.cells import GRUCell
from elman.errors import OptionError
from elman.layers import Recurrent
from elman.layers.named_cells import lasting_name, load_cell, make_cell

FILE = """
import torch
import elman
from elman.cells import GRUCell


class Leaky(elman.Cell):
    rate = 0.1

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = torch.nn.Parameter(torch.randn(hidden_size, input_size))

    def forward(self, input, state):
        state = (1 - self.rate) * state + self.rate * torch.tanh(input @ self.weight.T)
        return state, state
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "leaky.py").write_text(FILE)
    return tmp_path / "leaky.py"


def test_names_of_elman():
    assert type(make_cell("gru", 2, 3)) is type(make_cell("GRUCell", 2, 3)) is GRUCell
    assert lasting_name("gru") == "gru"
    assert lasting_name(GRUCell) == "elman.cells.gru:GRUCell"
    assert load_cell("elman.cells:GRUCell") is GRUCell


def test_a_class_in_a_file(file: Path, monkeypatch: pytest.MonkeyPatch):
    cell = make_cell(f"{file}:Leaky", 2, 3)
    assert Recurrent(cell, backend="llvm")(torch.randn(4, 1, 2))[0].shape == (4, 1, 3)
    assert type(make_cell(f"{file}:Leaky", 5, 3)) is type(cell)  # the file is run once
    monkeypatch.chdir(file.parent)
    assert lasting_name("leaky.py:Leaky") == f"{file.resolve()}:Leaky"
    assert load_cell("leaky.py:Leaky") is type(cell)
    assert lasting_name(type(cell)) == f"{file.resolve()}:Leaky"


def test_files_of_one_name_are_told_apart(file: Path):
    other = file.parent / "other" / file.name
    other.parent.mkdir()
    other.write_text(FILE)
    first, second = load_cell(f"{file}:Leaky"), load_cell(f"{other}:Leaky")
    assert lasting_name(first) == f"{file.resolve()}:Leaky"
    assert lasting_name(second) == f"{other.resolve()}:Leaky"


def test_a_file_that_was_changed_is_run_again(file: Path):
    assert load_cell(f"{file}:Leaky").rate == 0.1  # pyright: ignore[reportAttributeAccessIssue]
    file.write_text(FILE.replace("0.1", "0.2"))
    os.utime(file, ns=(1, 1))
    assert load_cell(f"{file}:Leaky").rate == 0.2  # pyright: ignore[reportAttributeAccessIssue]


def test_a_class_in_a_module(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(file.parent)
    assert load_cell("leaky:Leaky").__name__ == "Leaky"
    assert lasting_name(load_cell("leaky:Leaky")) == "leaky:Leaky"
    sys.modules.pop("leaky")


def test_what_nothing_names():
    class Local(GRUCell):
        pass

    for one in (Local, lambda *sizes: GRUCell(*sizes), GRUCell(2, 3), 5):
        assert lasting_name(one) is None
    Local.__qualname__, Local.__module__ = "Local", "__main__"  # a script, a notebook
    assert lasting_name(Local) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.py:Leaky", "There is no file 'absent.py' with cells"),
        ("leaky.py:leaky", "Did you mean 'Leaky'"),
        ("leaky.py:GRUCell", "must be one of 'Leaky', but it is 'GRUCell'"),
        ("leaky.py:", "must be one of 'Leaky', but it is ''"),
        ("no.such.module:Leaky", "FILE.py:CLASS"),
        ("math:Leaky", "defines no class that is an elman.Cell"),
        ("grru", "Did you mean GRUCell"),
    ],
)
def test_what_is_no_cell_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str):
    monkeypatch.chdir(file.parent)
    with pytest.raises(OptionError, match=said):
        make_cell(name, 2, 3)
