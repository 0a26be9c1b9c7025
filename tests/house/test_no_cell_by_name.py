"""The compiler knows equations, not cells: no cell's name occurs in it."""

import re
import sys
from pathlib import Path

import pytest

from elman.cells import ALL_CELLS

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "trace"))
from user_cells import USER_CELLS  # noqa: E402  # pyright: ignore[reportMissingImports]

PACKAGES = ("trace", "ir", "passes", "backends", "compiler")
STYLE = re.compile(r"(?:Gates|Linear|Cat|Heads|Matmul|After|Before|-\w+)+$")
# The house is called elman, and these are words of other things, too.
ORDINARY = {"elman", "minimal", "projection", "coupled", "layernormgru"}


def names() -> set[str]:
    """The names of cells as they are and without the style in which they are written."""
    written = {*ALL_CELLS, *USER_CELLS, *(cell.__name__ for cell in ALL_CELLS.values())}
    return ({STYLE.sub("", name).lower() for name in written} - ORDINARY) | {"minimalgate", "elmancell"}


def occurrences(text: str) -> list[str]:
    words = text.replace("lru_cache", "")
    return sorted(name for name in names() if re.search(rf"(?<![a-z]){name}", words, re.IGNORECASE))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_cell_is_known_by_name(package: str):
    files = sorted((ROOT / "src" / "elman" / package).rglob("*.py"))
    assert files
    assert {
        str(path): found for path in files if (found := occurrences(path.read_text(encoding="utf-8")))
    } == {}


@pytest.mark.parametrize(
    "text", ["if name == 'GRU':", "peephole weights", "LSTMCell", "class IndRNN", "x = lru(h)"]
)
def test_a_name_is_found(text: str):
    assert occurrences(text)
