"""Scores of outputs that are written by hand."""

import math

import pytest
import torch

from elman.experiments.measures import Accuracy, LegalSymbols, Reach, SquaredError
from elman.experiments.problems import Examples
from elman.experiments.problems.counting import strings

COUNTS = torch.tensor([[True, True], [True, False]])
LENGTHS = torch.tensor([2, 1])


def examples(target: torch.Tensor, legal: torch.Tensor | None = None) -> Examples:
    return Examples(torch.zeros(2, 2, 1), target, COUNTS, LENGTHS, legal)


def test_squared_error_leaves_out_what_does_not_count():
    output = torch.tensor([[[1.0], [2.0]], [[3.0], [99.0]]])
    assert SquaredError().score(output, examples(torch.zeros(2, 2, 1))) == pytest.approx(14 / 3)


def test_accuracy_leaves_out_what_does_not_count():
    output = torch.tensor([[[2.0, 1.0], [0.0, 1.0]], [[0.0, 1.0], [9.0, 0.0]]])
    assert Accuracy().score(output, examples(torch.zeros(2, 2, dtype=torch.long))) == pytest.approx(1 / 3)
    loss = Accuracy().loss(torch.zeros(5, 4), torch.zeros(5, dtype=torch.long))
    assert loss.item() == pytest.approx(math.log(4))


@pytest.mark.parametrize(
    ("first", "share"),
    [([3.0, 2.0, 1.0], 1.0), ([3.0, 1.0, 2.0], 0.5), ([2.0, 2.0, 2.0], 0.5)],
    ids=["both legal ones first", "an illegal one between", "a tie is not right"],
)
def test_legal_symbols_must_all_come_before_the_others(first: list[float], share: float):
    output = torch.zeros(2, 2, 3)
    output[0, 0] = torch.tensor(first)
    output[1, 0] = output[0, 1] = torch.tensor([0.0, 0.0, 1.0])
    legal = torch.tensor([[[True, True, False], [False, False, True]], [[False, False, True]] * 2])
    assert LegalSymbols().score(output, examples(torch.zeros(2, 2), legal)) == share


@pytest.mark.parametrize(("broken", "reach"), [(None, 4), (3, 3), (0, 0), (1, 1)])
def test_reach_ends_at_the_first_string_that_is_wrong(broken: int | None, reach: int):
    found = strings(range(1, 5), 2)
    output = found.target * 2 - 1
    output[~found.counts] = 5.0
    if broken is not None:
        output[2, broken, 1] *= -1
    assert Reach().score(output, found) == reach
