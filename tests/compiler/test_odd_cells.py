"""Odd cells: compiled they give the numbers of the plain loop; what cannot be is refused, never wrong."""

from typing import Any

import pytest
import torch
from comparing import compare
from odd_cells import ODD_CELLS, OddCell

from elman.compiler import compiled_for, recurrence
from elman.errors import EagerWarning, GraphError, TraceError
from elman.layers import Recurrent

NUM_STEPS, BATCH_SIZE = 7, 5
LENGTHS = torch.tensor([7, 3, 1, 7, 5])
RESETS = torch.rand(NUM_STEPS, BATCH_SIZE, generator=torch.Generator().manual_seed(5)) < 0.3
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ragged": {"lengths": LENGTHS},
    "resets": {"resets": RESETS},
    "all": {"lengths": LENGTHS, "resets": RESETS, "reverse": True},
}
REFUSED = {
    "in_other_order": (TraceError, "indexing with a tensor"),
    "output_of_two_axes": (TraceError, "output of shape"),
    "rows_times_weight": (GraphError, r"product of a vector of shape \(4, 8\)"),
    "forty_blocks": (GraphError, "too many products"),
}


@pytest.fixture(autouse=True)
def _has_not_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence, "_warned", set())


@pytest.mark.parametrize("name", [name for name in ODD_CELLS if name not in REFUSED])
def test_odd_cells(name: str):
    for options in OPTIONS.values():
        compare(ODD_CELLS[name], torch.float64, NUM_STEPS, BATCH_SIZE, **options)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in ODD_CELLS if name not in REFUSED])
def test_odd_cells_in_float32(name: str):
    compare(ODD_CELLS[name], torch.float32, NUM_STEPS, BATCH_SIZE, **OPTIONS["all"])


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in ODD_CELLS if name not in REFUSED])
def test_odd_cells_compiled_for_avx2(name: str):
    with compiled_for("haswell"):
        compare(ODD_CELLS[name], torch.float64, NUM_STEPS, BATCH_SIZE, **OPTIONS["all"])


@pytest.mark.parametrize("name", REFUSED)
def test_odd_cells_that_are_refused(name: str):
    error, reason = REFUSED[name]
    cell = ODD_CELLS[name]()
    x = torch.randn(NUM_STEPS, BATCH_SIZE, 3)
    with pytest.raises(error, match=reason):
        Recurrent(cell, backend="llvm")(x)
    with pytest.warns(EagerWarning, match=reason) as warned:
        results = [Recurrent(cell)(x) for _ in range(2)]
    assert len(warned) == 1
    torch.testing.assert_close(results[1], Recurrent(cell, backend="eager")(x), rtol=0, atol=0)


def test_constants_of_a_cell_without_parameters_have_the_dtype_of_the_recording():
    def equation(weights: Any, x: torch.Tensor, s: torch.Tensor):
        s = torch.tanh(s + x[:, :1] + torch.full((4,), 0.1, dtype=x.dtype))
        return s, (s,)

    cell = OddCell(equation, ((4,),), {})
    compare(lambda: cell, torch.float32, NUM_STEPS, BATCH_SIZE)
    x = torch.randn(NUM_STEPS, BATCH_SIZE, 3, dtype=torch.float64)
    with pytest.warns(EagerWarning, match=r"tensors of torch.float32, and its input is torch.float64"):
        result = Recurrent(cell)(x)
    torch.testing.assert_close(result, Recurrent(cell, backend="eager")(x), rtol=0, atol=0)
