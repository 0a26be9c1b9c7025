"""The pages of cells and layers say what the docstrings say, with the figures that were measured."""

import importlib.util
import json
from pathlib import Path

import pytest

from elman import layers
from elman.cells import ALL_CELLS
from elman.layers import SequenceLayer

ROOT = Path(__file__).parents[2]


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cells", "layers"])
def test_a_page_is_what_its_script_writes(name: str):
    script = load(name)
    figures = json.loads(script.FIGURES.read_text(encoding="utf-8"))
    page = script.PAGE.read_text(encoding="utf-8")
    assert page == script.render(figures), f"python benchmarks/{name}.py --page writes it anew"


def test_every_cell_was_measured():
    script = load("cells")
    figures = json.loads(script.FIGURES.read_text(encoding="utf-8"))
    assert list(figures["cells"]) == list(ALL_CELLS)


def test_every_layer_has_a_section():
    shown = {name for names in load("layers").GROUPS.values() for name in names}
    made = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    abstract_or_result = {"SequenceLayer", "InputEncoder", "Generated"}
    assert made - abstract_or_result == shown
    assert SequenceLayer.__abstractmethods__
