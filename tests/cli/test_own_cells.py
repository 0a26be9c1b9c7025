"""A cell from a file of one's own through every task: fitted, and used again from another folder."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from command_line import Outcome, write_table

from elman.errors import ChangedCellWarning

Elman = Callable[..., Outcome]

FILE = """
import torch
from torch import nn
import elman


class Leaky(elman.Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = nn.Parameter(0.3 * torch.randn(hidden_size, input_size + hidden_size))

    def forward(self, input, state):
        joined = torch.cat([input, state], dim=-1)
        state = 0.5 * state + 0.5 * torch.tanh(nn.functional.linear(joined, self.weight))
        return state, state
"""
SIZES = ("--hidden-size", 5, "--steps", 4)
TASKS = {
    "forecast": ("table.csv", "--time", "Time", "--target", "Demand", "--horizon", 4, "--context", 6),
    "classify": ("steps.csv", "--id", "who", "--order", "t", "--label", "class"),
    "tag": ("names.conll",),
    "text": ("book.txt",),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small table for each task and `my_cells.py`, the current one."""
    write_table(tmp_path / "table.csv")
    rows = [(f"s{s}", t, (t - 3) * (-1) ** s, "ab"[s % 2]) for s in range(30) for t in range(6)]
    columns = ["who", "t", "x", "class"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(tmp_path / "steps.csv")
    (tmp_path / "names.conll").write_text("Anna B-PER\nwent O\n\nBert B-PER\nsat O\n\n" * 20)
    (tmp_path / "book.txt").write_text("The cat sat on the mat.\n" * 30)
    (tmp_path / "my_cells.py").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("task", TASKS)
def test_a_run_with_a_cell_of_ones_own(elman: Elman, place: Path, monkeypatch: pytest.MonkeyPatch, task: str):
    fit = ("fit", task, *TASKS[task], *SIZES, "--cell", "my_cells.py:Leaky", "--quiet")
    fitted = elman(*fit, "--out", "run")
    assert (fitted.code, fitted.err) == (0, "")
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    evaluated = elman("evaluate", "../run")
    assert (evaluated.code, evaluated.err) == (0, "")
    assert "Leaky" in evaluated.out
    assert elman("inspect", "../run").code == 0
    (place / "my_cells.py").write_text(FILE.replace("0.5", "0.4"))
    with pytest.warns(ChangedCellWarning, match="has changed since the model was fitted"):
        assert elman("evaluate", "../run").code == 0
    (place / "my_cells.py").rename(place / "moved.py")
    gone = elman("evaluate", "../run")
    assert gone.code == 2
    assert "There is no file" in gone.err
    assert "my_cells.py" in gone.err


@pytest.mark.parametrize("task", TASKS)
def test_a_cell_that_is_not_there_is_told_before_anything_is_done(elman: Elman, place: Path, task: str):
    fit = ("fit", task, *TASKS[task], *SIZES, "--out", "run", "--cell")
    for name, said in {"my_cells.py:leaky": "Did you mean 'Leaky'?", "my.py:Leaky": "no file"}.items():
        refused = elman(*fit, name)
        assert refused.code == 2
        assert said in refused.err
        assert not (place / "run").exists()
