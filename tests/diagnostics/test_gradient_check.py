"""Backward held against differences: right gradients pass, wrong ones do not."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.cells import ALL_CELLS, Cell, ConvGRUCell, GRUCell
from elman.diagnostics import check_gradients
from elman.diagnostics.checking import relative_errors
from elman.errors import OptionError
from elman.layers import GRU, LSTM, Bidirectional, ConvRecurrent, Recurrent, Stacked


class Squashed(torch.autograd.Function):
    """tanh, whose backward is off by a factor."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(value)
        ctx.factor = factor
        return value.tanh()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (value,) = ctx.saved_tensors
        return gradient * (1 - value.tanh() ** 2) * ctx.factor, None


class OwnCell(Cell):
    """An Elman cell with a backward of its own."""

    def __init__(self, factor: float):
        super().__init__(3, 4)
        self.factor = factor
        self.weight = nn.Parameter(0.5 * torch.randn(4, 7))

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        joined = nn.functional.linear(torch.cat([input, state], dim=-1), self.weight)
        new = Squashed.apply(joined, self.factor)
        return new, new  # pyright: ignore[reportReturnType]


class CutCell(OwnCell):
    """One that sends no gradient back in time."""

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        joined = nn.functional.linear(torch.cat([input, state.detach()], dim=-1), self.weight)
        return joined.tanh(), joined.tanh()


class StepCell(OwnCell):
    """One that jumps: its derivative is zero wherever there is one."""

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        new = 0.5 * state + input.sum(dim=-1, keepdim=True).floor() + 0 * self.weight.sum()
        return new, new


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name", ALL_CELLS)
def test_every_cell_passes(name: str):
    found = check_gradients(ALL_CELLS[name](3, 4), num_steps=4, max_checked=20)
    assert found.has_passed, str(found)
    assert {"input", "state.0"} <= {one.name for one in found.tensors}


LAYERS = {
    "stacked": lambda: Stacked(GRUCell(3, 4), GRUCell(4, 4), dropout=0.3),
    "bidirectional": lambda: Bidirectional(GRUCell(3, 4)),
    "of torch's names": lambda: LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True),
    "of torch": lambda: nn.GRU(3, 4),
    "learned start": lambda: Recurrent(GRUCell(3, 4), learn_initial_state=True),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_layers_pass_and_stay_as_they_are(make: Any):
    layer = make()
    before = [one.clone() for one in layer.parameters()]
    random = torch.get_rng_state()
    assert check_gradients(layer, max_checked=10).has_passed
    assert torch.equal(random, torch.get_rng_state())
    for one, old in zip(layer.parameters(), before, strict=True):
        assert torch.equal(one, old)
        assert (one.dtype, one.grad) == (torch.float32, None)


@pytest.mark.filterwarnings("ignore::elman.errors.EagerWarning")
@pytest.mark.parametrize("factor", [1.0001, 0.0, -1.0, float("nan")])
def test_a_wrong_backward_is_found(factor: float):
    found = check_gradients(OwnCell(factor))
    assert not found.has_passed
    assert {one.name for one in found.failed} == {"cell.weight", "input", "state.0"}
    assert "WRONG" in str(found)
    assert "backward gives" in str(found)


@pytest.mark.filterwarnings("ignore::elman.errors.EagerWarning")
def test_a_right_backward_passes():
    assert check_gradients(OwnCell(1.0)).has_passed


def test_a_gradient_that_is_cut_by_intent_is_told():
    found = check_gradients(CutCell(1.0))
    assert [one.backward for one in found.failed if one.name == "state.0"] == [0.0]
    assert "cuts its gradient by intent, at CutCell, stop_gradient" in str(found)
    assert "test_gradient_check.py" in str(found)


def test_a_layer_that_sends_nothing_back_is_found():
    class Deaf(nn.Module):
        input_size = 3

        def forward(self, input: Tensor) -> tuple[Tensor, Tensor]:
            return input.detach() ** 2, input[-1].detach()

    (found,) = check_gradients(Deaf()).failed
    assert (found.name, found.backward) == ("input", 0.0)


def test_where_the_loss_jumps_nothing_is_compared():
    input = torch.zeros(2, 1, 3)
    input[:, :, 0] = 1.0  # where floor() jumps
    found = check_gradients(StepCell(1.0), input)
    assert found.has_passed
    assert {one.name: one.num_checked for one in found.tensors}["input"] == 0


def test_errors_are_relative_but_for_what_is_tiny():
    assert relative_errors([1.0, 0.0, 3.0], [1.0, 0.0, 1.0]) == [0.0, 0.0, 0.5]
    assert relative_errors([1e-9, 1.0], [0.0, 1.0])[0] == pytest.approx(1e-6)


def test_numbers_are_checked():
    with pytest.raises(OptionError, match="`num_steps` must be a positive integer, but it is 0"):
        check_gradients(GRU(2, 3), num_steps=0)
    with pytest.raises(
        OptionError, match="`layer` must be a cell or a layer over sequences, but it is a str"
    ):
        check_gradients("GRU")  # pyright: ignore[reportArgumentType]


def test_a_layer_of_images_is_given_its_input():
    layer = ConvRecurrent(ConvGRUCell(1, 2, 3))
    assert check_gradients(layer, torch.randn(3, 2, 1, 4, 4), max_checked=10).has_passed
    with pytest.raises(OptionError, match="Sequential has no `input_size`: give `input`"):
        check_gradients(nn.Sequential())
