"""Tensors and values come back as they were written, or the file is refused."""

from pathlib import Path

import pytest
import torch
from toy_training import assert_same

from elman.errors import RunError
from elman.training import read_tensors, write_tensors


def test_everything_comes_back(tmp_path: Path):
    shared = torch.randn(3)
    tensors = {
        "matrix": torch.randn(4, 3),
        "transposed": torch.randn(4, 3).T,
        "part": torch.randn(10)[2:5],
        "count": torch.tensor(7),
        "double": torch.tensor([float("nan"), float("inf"), 1e-300], dtype=torch.float64),
        "empty": torch.zeros(0, 3),
        "tied": shared,
        "tied too": shared,
        "learned": torch.nn.Parameter(torch.ones(2)),
    }
    values = {"list": [1, 2.5, None], "text": "Größe", "nested": {"a": True}, "exact": 0.1 + 0.2}
    write_tensors(tmp_path / "file", tensors, values)
    read, read_values = read_tensors(tmp_path / "file")
    assert read_values == values
    expected = {name: tensor.detach() for name, tensor in tensors.items()}
    assert {name: one.dtype for name, one in read.items()} == {n: one.dtype for n, one in expected.items()}
    expected["double"], read["double"] = expected["double"].nan_to_num(5), read["double"].nan_to_num(5)
    assert_same(read, expected)


def test_infinite_value_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(ValueError, match="JSON"):
        write_tensors(tmp_path / "file", {}, {"loss": float("inf")})
    assert list(tmp_path.iterdir()) == []


def test_absent_file_is_named(tmp_path: Path):
    with pytest.raises(RunError, match=r"^There is no file .*nothing\.safetensors\.$"):
        read_tensors(tmp_path / "nothing.safetensors")
