"""The tests' own ground."""

import torch


def test_memory_that_was_never_written_holds_nan():
    assert torch.empty(3).isnan().all()
