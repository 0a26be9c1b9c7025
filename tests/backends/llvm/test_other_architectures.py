"""What is written for processors that are not at hand is read as assembly."""

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest

from elman.backends.llvm.build import assemble
from elman.backends.llvm.driver.module import PARTS
from elman.backends.llvm.kernel import _lower
from elman.backends.llvm.memory import place
from elman.backends.llvm.target import Target, target
from elman.backends.llvm.tiles.load import ROWS, tiles_module
from elman.backends.llvm.tiles.writer import Module
from elman.cells import ALL_CELLS
from elman.passes import plan
from elman.trace import record

LANES = {"float32": "4s", "float64": "2d"}
ALLOWED = {"memset", "memcpy", "memmove"}


@pytest.fixture(params=["generic", "neoverse-n1"])
def neon(request: pytest.FixtureRequest) -> Target:
    found = target(request.param, "aarch64-unknown-linux-gnu")
    assert found.is_supported
    return found


def called_elsewhere(assembly: str) -> set[str]:
    """The names that are called and not defined."""
    defined = set(re.findall(r"^([\w.]+):", assembly, re.MULTILINE))
    return set(re.findall(r"\tbl?\t([A-Za-z_][\w.]*)", assembly)) - defined


def has_fused_vectors(assembly: str, real: str) -> bool:
    return multiplies_vectors(assembly, real, "fmla")


def multiplies_vectors(assembly: str, real: str, operation: str = "fm(?:ul|la)") -> bool:
    return re.search(rf"\t{operation}\tv\d+\.{LANES[real]}", assembly) is not None


@pytest.mark.parametrize("real", LANES)
@pytest.mark.parametrize("name", ALL_CELLS)
def test_recurrences_on_neon(name: str, real: str, neon: Target):
    graph = record(ALL_CELLS[name](3, 5)).graph
    planned = plan(graph, [argument.name for argument in graph.arguments if argument.kind != "state"])
    tiles: Any = SimpleNamespace(num_lanes=neon.num_lanes(real), rows=ROWS[neon.num_registers])
    module, programs = _lower(planned, real, tiles, place(planned))
    assert {"loop", "back"} <= programs.keys()
    assembly = assemble(str(module), neon)
    # The polynomials of tanh and the like are fused; a step without them may have nothing to fuse.
    has_polynomials = any(node.op in ("tanh", "sigmoid") for node in graph.nodes)
    assert (has_fused_vectors if has_polynomials else multiplies_vectors)(assembly, real)
    assert called_elsewhere(assembly) <= ALLOWED


@pytest.mark.parametrize("real", LANES)
def test_tiles_on_neon(real: str, neon: Target):
    assembly = assemble(tiles_module(real, neon), neon, quick=True)
    assert has_fused_vectors(assembly, real)
    assert called_elsewhere(assembly) <= ALLOWED


@pytest.mark.parametrize("real", LANES)
def test_driver_on_neon(real: str, neon: Target):
    module = Module(real, neon)
    for write in PARTS:
        cast(Any, write)(module)
    assert called_elsewhere(assemble(module.text(), neon)) <= ALLOWED
