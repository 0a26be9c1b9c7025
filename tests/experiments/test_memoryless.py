"""Networks without memory see their window, all of it and nothing else."""

import pytest
import torch

from elman.experiments.memoryless import MEMORYLESS


@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize("name", MEMORYLESS)
def test_an_output_depends_on_its_window_alone(name: str, window: int):
    network = MEMORYLESS[name](3, 8, window)
    input = torch.randn(12, 2, 3, requires_grad=True)
    output, state = network(input)
    assert (output.shape, state) == ((12, 2, 8), ())
    output[7, 1].sum().backward()
    assert input.grad is not None
    seen = input.grad.ne(0).any(-1)
    assert seen.nonzero().tolist() == [[t, 1] for t in range(8 - window, 8)]


def test_the_dense_window_begins_with_zeros():
    network = MEMORYLESS["dense"](2, 4, 3)
    input = torch.randn(5, 1, 2)
    padded = torch.cat([torch.zeros(2, 1, 2), input])
    torch.testing.assert_close(network(input)[0], network(padded)[0][2:])
