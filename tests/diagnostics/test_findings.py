"""No healthy network is blamed, no planted fault is missed, and each finding says what it rests on."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from wards import HEALTHY, PLANTED, noise, orthogonal, spoilt

import elman
from elman import Cell, Recurrent
from elman.cells import ElmanCell, IndRNNCell, LSTMCell
from elman.diagnostics import findings
from elman.diagnostics.finding import REMEDIES
from elman.errors import OptionError

PAGE = Path(__file__).parents[2] / "docs" / "diagnostics.md"


def kinds(layer: torch.nn.Module, input: Tensor, **options: Any) -> set[str]:
    return {finding.kind for finding in findings(layer, input, **options)}


@pytest.mark.parametrize("number", range(len(HEALTHY)))
def test_no_false_alarm(number: int):
    torch.manual_seed(number)
    ward = HEALTHY[number]()
    assert findings(ward.layer, ward.input, **ward.options) == ()


@pytest.mark.parametrize("number", range(len(PLANTED)))
def test_no_miss(number: int):
    torch.manual_seed(number)
    ward = PLANTED[number]()
    found = kinds(ward.layer, ward.input, **ward.options)
    assert ward.faults <= found <= ward.faults | ward.consequences


def test_there_are_more_than_twenty_of_each():
    assert (len(HEALTHY), len(PLANTED)) == (22, 22)


def test_every_kind_is_planted_and_has_remedies_and_a_chapter():
    planted = set().union(*(make().faults for make in PLANTED))
    assert planted == set(REMEDIES)
    chapters = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {chapter.lower().replace(" ", "_") for chapter in chapters} >= set(REMEDIES)


def test_a_finding_says_what_where_and_why():
    (found,) = findings(orthogonal(3, 0.5), torch.randn(41, 2, 3))
    assert found.message == "recurrent: the gradient at lag 40 is 1.8e-12 of that at lag 1: it vanishes."
    assert found.evidence["share"] == pytest.approx(0.5**39, rel=1e-4)
    assert found.evidence["horizon"] == 8  # 0.5^7 is the first power below 0.01
    assert (found.severity, found.layer) == ("warning", "recurrent")
    assert found.page == "docs/diagnostics.md#vanishing-gradient"
    assert "elman.LSTM" in found.remedies[0]


def test_the_lag_of_the_task_decides():
    layer, input = orthogonal(3, 0.9), torch.randn(101, 2, 3)
    assert kinds(layer, input) == {"vanishing_gradient"}
    assert kinds(layer, input, task_lag=60) == {"short_memory"}
    assert kinds(layer, input, task_lag=20) == set()


def test_only_the_layer_that_is_ill_is_named():
    ill = ElmanCell(8, 8)
    torch.nn.init.normal_(ill.weight_ih, std=100.0)
    layer = elman.Stacked(LSTMCell(3, 8), ill)
    found = {finding.layer for finding in findings(layer, noise(6))}
    assert found == {"layers.1"}


def test_what_is_not_finite_is_named():
    (found,) = findings(spoilt(elman.GRU(3, 8), float("inf")), noise(5))
    assert found.message == "1 of the 72 numbers of the parameter `weight_ih_l0` are not finite."
    input = noise(5)
    input[2, 1, 0] = torch.nan
    (found,) = findings(elman.GRU(3, 8), input)
    assert found.message == "layer 0: the input is not finite, first at step 2 of sequence 1."
    assert findings(elman.GRU(3, 8), input, lengths=[5, 2, 5, 5]) == ()


class Root(Cell):
    """Has an infinite slope at a state of zero."""

    def forward(self, input: Tensor, state: Tensor):
        state = torch.sqrt(state * state) * torch.relu(input)
        return state, state


class Log(Cell):
    def forward(self, input: Tensor, state: Tensor):
        state = torch.log(input)
        return state, state


def test_a_state_of_one_sequence_that_is_not_a_number_is_found():
    input = torch.rand(5, 3, 3)
    input[3, 1] = -1.0
    (found,) = findings(Recurrent(Log(3, 3)), input)
    assert found.message == "recurrent: `state` is not finite, first at step 3."
    assert found.evidence["step"] == 3


def test_a_gradient_that_is_not_a_number_is_found():
    (found,) = findings(Recurrent(Root(3, 3)), noise(5))
    assert found.message == (
        "recurrent: the gradient is not a number from lag 1 on, but the states are finite."
    )


def test_one_step_has_no_findings():
    assert findings(elman.GRU(3, 8), noise(1)) == ()


@pytest.mark.parametrize(
    "options", [{"lengths": [1, 1, 1, 1]}, {"lengths": [1, 5, 5, 5], "num_sequences": 1}]
)
def test_sequences_of_one_step_among_longer_ones_have_none(options: dict[str, Any]):
    assert findings(elman.GRU(3, 8), noise(5), **options) == ()


def test_an_input_of_large_numbers_behind_the_end_is_not_looked_at():
    input = noise(5)
    input[2:] = 1e6
    assert findings(Recurrent(IndRNNCell(3, 8)), input, lengths=[2] * 4) == ()


def test_a_wrong_lag_is_refused():
    with pytest.raises(OptionError, match="`task_lag` must be a positive integer, but it is 0"):
        findings(elman.GRU(3, 8), noise(2), task_lag=0)
