"""Dropout: the share that is left out, its scale, its gradient, and that it is drawn anew."""

import math

import pytest
import torch

from elman.errors import OptionError
from elman.layers.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_share_and_scale(p: float, dtype: torch.dtype):
    torch.manual_seed(3)
    count = 200_003
    output = Dropout(p)(torch.ones(count, dtype=dtype))
    dropped = int((output == 0).sum())
    assert abs(dropped - p * count) < 5 * math.sqrt(count * p * (1 - p))
    torch.testing.assert_close(
        output[output != 0], torch.full((count - dropped,), 1 / (1 - p), dtype=dtype), rtol=1e-4, atol=0
    )


def test_neighbours_are_independent():
    torch.manual_seed(4)
    kept = (Dropout(0.5)(torch.ones(100_000, 4)) != 0).double()
    correlations = torch.corrcoef(kept.T) - torch.eye(4, dtype=torch.float64)
    assert correlations.abs().max() < 5 / math.sqrt(100_000)
    shifted = torch.corrcoef(torch.stack([kept.flatten()[:-4], kept.flatten()[4:]]))[0, 1]
    assert abs(shifted) < 5 / math.sqrt(400_000)


def test_the_gradient_passes_where_the_value_does():
    input = torch.randn(7, 5, 3, requires_grad=True)
    output = Dropout(0.5)(input)
    (gradient,) = torch.autograd.grad(output.sum(), input)
    torch.testing.assert_close(gradient, (output / input).detach())


def test_masks_repeat_with_the_seed_and_differ_from_call_to_call():
    layer, input = Dropout(0.5), torch.ones(1000)
    torch.manual_seed(0)
    first, second = layer(input), layer(input)
    torch.manual_seed(0)
    assert torch.equal(layer(input), first)
    assert not torch.equal(first, second)


def test_nothing_is_left_out_in_evaluation_or_at_zero_and_all_at_one():
    input = torch.randn(10)
    assert Dropout(0.5).eval()(input) is input
    assert Dropout(0.0)(input) is input
    assert not Dropout(1.0)(input).any()
    with pytest.raises(OptionError, match="within"):
        Dropout(1.5)


def test_an_empty_input():
    assert Dropout(0.5)(torch.empty(0, 4)).shape == (0, 4)
