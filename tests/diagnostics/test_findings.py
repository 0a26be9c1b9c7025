"""No healthy network is blamed, no planted fault is missed, and each finding says what it rests on."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from wards import HEALTHY, PLANTED, noise, orthogonal, scaled, spoilt

import elman
from elman import Cell, Recurrent
from elman.cells import ElmanCell, IndRNNCell, LSTMBlockCell, LSTMCell, MinimalGatedCell
from elman.diagnostics import findings
from elman.diagnostics.remedies import REMEDIES
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
    assert found.remedies[0] == "a gated cell: elman.LSTM or elman.GRU"


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


def test_of_unequal_sequences_the_longest_are_looked_at():
    """The first sequences are too short for a gradient to vanish in them."""
    layer, lengths = orthogonal(3, 0.5), [2] * 6 + [41]
    (found,) = findings(layer, torch.randn(41, 7, 3), lengths=lengths, num_sequences=1)
    assert found.evidence["lag"] == 40
    assert found.evidence["share"] == pytest.approx(0.5**39, rel=1e-4)
    alone = findings(layer, torch.randn(41, 1, 3))
    assert alone[0].evidence["share"] == pytest.approx(found.evidence["share"], rel=1e-4)


def test_what_breaks_late_in_one_long_sequence_is_found():
    input = torch.rand(9, 8, 3)
    input[7, 6] = -1.0  # its logarithm is not a number
    lengths = [2] * 5 + [9] * 3
    (found,) = findings(Recurrent(Log(3, 3)), input, lengths=lengths, num_sequences=2)
    assert found.message == "recurrent: `state` is not finite, first at step 7."


def helps(layer: torch.nn.Module, kind: str, *, input: Tensor | None = None, **options: Any) -> list[str]:
    found = findings(layer, noise(100) if input is None else input, **options)
    (one,) = [one for one in found if one.kind == kind]
    return list(one.remedies)


def test_remedies_are_for_the_cell_that_is_ill():
    gated = "a gated cell: elman.LSTM or elman.GRU"
    plain = helps(elman.RNN(3, 16), "vanishing_gradient")
    assert plain[0] == gated
    assert any("init_recurrent_(layer, 'identity')" in one for one in plain)
    assert not any("forget" in one for one in plain)
    diagonal = helps(
        Recurrent(IndRNNCell(3, 8, initial_recurrent=(0.1, 0.2))), "vanishing_gradient", input=noise(30)
    )
    assert diagonal[0] == gated
    assert not any("init_recurrent_" in one for one in diagonal)
    of_lstm = helps(elman.LSTM(3, 16), "vanishing_gradient")
    assert of_lstm[0] == (
        "a forget bias of log(lag) at the start: elman.training.set_forget_bias_(layer, math.log(lag))"
    )
    of_blocks = helps(Recurrent(LSTMBlockCell(3, 8, forget_bias=-8.0)), "vanishing_gradient")
    assert of_blocks[0] == (
        "a forget bias of log(lag) at the start: LSTMBlockCell(..., forget_bias=math.log(lag))"
    )
    of_gru = helps(elman.GRU(3, 16), "vanishing_gradient")
    assert of_gru[0] == "a bias of log(lag) at the start for `update`, which keeps the state"
    unit = helps(Recurrent(MinimalGatedCell(3, 16)), "vanishing_gradient")
    assert unit[0] == "a bias of -log(lag) at the start for `forget`, which replaces the state"
    for one in (of_lstm, of_blocks, of_gru, unit):
        assert gated not in one
        assert any("elman.TBPTT(lag)" in remedy for remedy in one)


@pytest.mark.parametrize(
    ("layer", "peer"),
    [(elman.LSTM(3, 16), "LayerNormLSTMCell"), (elman.GRU(3, 16), "LayerNormGRUCell")],
    ids=["LSTM", "GRU"],
)
def test_layers_that_have_a_normalised_form_are_told_of_it(layer: torch.nn.Module, peer: str):
    found = [one for one in findings(scaled(layer, 40.0), noise(30)) if one.kind == "saturated_gates"]
    assert found
    for one in found:
        assert one.remedies[-1] == f"layer normalisation before the gates: elman.cells.{peer}"
        assert hasattr(elman.cells, peer)


@pytest.mark.parametrize("value", [0.5, 3.0])
def test_a_remedy_works(value: float):
    """What is said against a closed gate and a vanishing gradient takes both away."""
    layer = elman.LSTM(3, 16)
    elman.training.set_forget_bias_(layer, -8.0)
    assert kinds(layer, noise(20)) == {"vanishing_gradient", "closed_gate"}
    elman.training.set_forget_bias_(layer, math.log(value * 20))
    assert "closed_gate" not in kinds(layer, noise(20))
    assert kinds(layer, noise(20)) == set()
