"""The optimizer against torch's."""

import pytest
import torch
from torch import nn

from elman.training.adamw import AdamW


def gradients(parameters: list[nn.Parameter], step: int) -> None:
    """Give every parameter a gradient, the last one at every third step only."""
    generator = torch.Generator().manual_seed(step)
    for number, parameter in enumerate(parameters):
        has_none = number == len(parameters) - 1 and step % 3
        noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
        parameter.grad = None if has_none else noise


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_same_bits_as_torch(weight_decay: float, dtype: torch.dtype):
    begin = [torch.randn(4, 3, dtype=dtype), torch.randn(1, dtype=dtype), torch.randn(5, dtype=dtype)]
    ours, theirs = ([nn.Parameter(one.clone()) for one in begin] for _ in range(2))
    adamw = AdamW({str(number): one for number, one in enumerate(ours)}, weight_decay)
    reference = torch.optim.AdamW(theirs, weight_decay=weight_decay)
    for step in range(1, 31):
        for parameters in (ours, theirs):
            gradients(parameters, step)
        reference.param_groups[0]["lr"] = 0.3 / step
        reference.step()
        adamw.step(0.3 / step)
    for one, other, first in zip(ours, theirs, begin, strict=True):
        assert torch.equal(one, other)
        assert not torch.equal(one, first)


def test_frozen_parameter_does_not_move():
    frozen = nn.Parameter(torch.ones(2), requires_grad=False)
    optimizer = AdamW({"frozen": frozen}, 0.5)
    frozen.grad = torch.ones(2)
    optimizer.step(0.1)
    assert torch.equal(frozen, torch.ones(2))
    assert optimizer.tensors() == {}
