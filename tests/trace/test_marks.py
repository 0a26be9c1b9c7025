"""Marks change no number on the way forward; recorded, they are found by name."""

import pytest
import torch
from torch import nn

from elman.backends.reference import run
from elman.cells import Cell
from elman.cells.marks import clip_gradient, observe
from elman.errors import OptionError
from elman.trace import record


class Marked(Cell):
    def __init__(self):
        super().__init__(3, 3)
        self.w = nn.Linear(3, 3)

    def forward(self, input, state):
        gate = observe("gate", torch.sigmoid(self.w(input)))
        state = clip_gradient(gate * state, 0.5)
        observe("square", state * state)
        return state, state


def test_observe_returns_its_value():
    value = torch.ones(2)
    assert observe("gate", value) is value


def test_a_gradient_is_clamped_and_nan_stays():
    value = torch.zeros(4, requires_grad=True)
    clipped = clip_gradient(value, limit=0.5)
    clipped.backward(torch.tensor([3.0, -3.0, 0.25, torch.nan]))
    torch.testing.assert_close(value.grad, torch.tensor([0.5, -0.5, 0.25, torch.nan]), equal_nan=True)


@pytest.mark.parametrize("limit", [0, -1.0, float("nan")])
def test_a_limit_that_is_not_positive_is_refused(limit: float):
    with pytest.raises(OptionError) as caught:
        clip_gradient(torch.ones(1), limit)
    assert str(caught.value) == f"`limit` must be positive, but it is {limit!r}."


def test_observed_values_are_found_by_name():
    cell = Marked()
    recording = record(cell)
    x, h = torch.randn(2, 4, 3).unbind()
    result = run(recording.graph, [x, h, *recording.parameters(cell)])
    gate = torch.sigmoid(cell.w(x))
    expected = {"gate": gate, "square": (gate * h) ** 2}
    torch.testing.assert_close(dict(result.observed), expected)
