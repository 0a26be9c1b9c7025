"""What a layer says about how it runs, and the stages it shows."""

import pytest
import torch

from elman.cells import Cell, GRUCell
from elman.errors import GraphError, OptionError, TraceError
from elman.layers import GRU, Recurrent

STAGES = {
    "graph": "weight_ih: parameter",
    "canonical": "slice(weight_ih)",
    "gradient": "dL/doutput: input",
    "plan": "in the loop, backward",
    "llvm": "define void @",
    "assembly": "\nloop:",
}


class Branching(Cell):
    def forward(self, input, state):
        return (state, state) if input.sum() > 0 else (input, input)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_text(stage: str):
    assert STAGES[stage] in Recurrent(GRUCell(3, 5)).show(stage)


def test_other_stages_are_refused():
    with pytest.raises(OptionError, match=r"`stage` must be one of 'graph', .* but it is 'tree'"):
        Recurrent(GRUCell(3, 5)).show("tree")


def test_a_cell_that_compiles_says_so():
    text = Recurrent(GRUCell(3, 5)).explain()
    assert text.startswith("llvm: GRUCell runs as one kernel through time")
    assert "1 loop over the features at each step" in text
    assert GRU(3, 5).explain().startswith("llvm: GRUCell")


def test_a_cell_that_does_not_names_reason_and_line():
    layer = Recurrent(Branching(2, 2))
    assert layer.explain().startswith("eager: Branching.forward runs once for each time step, because ")
    assert "test_explain.py:" in layer.explain()
    with pytest.raises(TraceError):
        layer.show("plan")


def test_what_no_kernel_takes_is_said():
    assert "torch.float16" in Recurrent(GRUCell(3, 5).half()).explain()
    assert GRU(3, 5, dtype=torch.bfloat16).explain().startswith("torch: torch.nn.GRU runs on cpu")
    with pytest.raises(GraphError, match=r"torch\.float16"):
        Recurrent(GRUCell(3, 5).half()).show("llvm")
