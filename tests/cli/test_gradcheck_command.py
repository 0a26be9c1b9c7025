"""`elman gradcheck` and cells from a file of one's own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome

Elman = Callable[..., Outcome]

FILE = """
import torch
from torch import nn
from beside import RATE
import elman


class Leaky(elman.Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = nn.Parameter(0.3 * torch.randn(hidden_size, input_size + hidden_size))

    def forward(self, input, state):
        joined = torch.cat([input, state], dim=-1)
        state = (1 - RATE) * state + RATE * torch.tanh(nn.functional.linear(joined, self.weight))
        return state, state


class Cut(Leaky):
    def forward(self, input, state):
        return super().forward(input, state.detach())


class Needy(Leaky):
    def __init__(self, input_size):
        super().__init__(input_size, input_size)
"""


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("RATE = 0.1\n")
    (tmp_path / "my_cells.py").write_text(FILE)
    return tmp_path / "my_cells.py"


def test_a_cell_of_elman_passes(elman: Elman):
    result = elman("gradcheck", "gru")
    assert (result.code, result.err) == (0, "")
    head, table, *rows = result.out.splitlines()
    assert head.startswith("llvm: GRUCell runs as one kernel through time")
    assert table.split() == ["gradient", "of", "largest", "error", "of", "numbers"]
    assert [row.split()[0] for row in rows][-2:] == ["input", "state.0"]
    assert {row.split()[-1] for row in rows} == {"ok"}


def test_a_cell_of_ones_own_is_run_from_its_file(elman: Elman, cells: Path):
    result = elman("gradcheck", f"{cells}:Leaky", "--json")
    assert result.code == 0
    data = json.loads(result.out)
    assert data["passed"] is True
    assert data["explanation"].startswith("llvm: Leaky")
    assert [one["name"] for one in data["tensors"]] == ["cell.weight", "input", "state.0"]
    assert f"Leaky ({cells}:Leaky)" in elman("cells", f"{cells}:Leaky").out
    assert elman("plan", "--cell", f"{cells}:Leaky", "--length", 20, "--no-time").code == 0


def test_a_wrong_gradient_ends_with_code_1(elman: Elman, cells: Path):
    result = elman("gradcheck", f"{cells}:Cut")
    assert result.code == 1
    assert "WRONG" in result.out
    assert "cuts its gradient by intent" in result.out


def test_what_is_no_cell_is_told(elman: Elman, cells: Path):
    (cells.parent / "empty.py").write_text("x = 1\n")
    (cells.parent / "broken.py").write_text("import nothing_of_this_name\n")
    for name, said in {
        f"{cells}:leaky": "Did you mean 'Leaky'?",
        f"{cells}:Needy": "could not be made by Needy(3, 4): TypeError",
        f"{cells.parent / 'empty.py'}:Leaky": "defines no class that is an elman.Cell",
        f"{cells.parent / 'broken.py'}:Leaky": "could not be run: ModuleNotFoundError",
        f"{cells.parent / 'absent.py'}:Leaky": "There is no file",
        "gruu": "Did you mean GRUCell?",
    }.items():
        result = elman("gradcheck", name)
        assert (result.code, result.out) == (2, "")
        assert said in result.err
