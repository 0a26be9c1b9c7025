"""A byte budget is one for all the recurrences that a topology runs in a call."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from elman.cells import ElmanCell, GRUCell, LSTMCell
from elman.compiler import checkpoints, function, within_memory
from elman.errors import OptionError
from elman.layers import GRU, LSTM, EncoderDecoder, ImageSweep, OneToMany, Recurrent, Stacked

SOURCE, TARGETS, STEPS = torch.randn(400, 3, 2), torch.randn(200, 3, 2), torch.randn(5, 3, 2)
VECTOR, IMAGE = torch.randn(3, 4), torch.randn(1, 3, 9, 30)

Case = tuple[torch.nn.Module, Callable[[Any], Tensor], list[int]]


def cases() -> dict[str, Case]:
    """A network, how it is called, and among how many each of its recurrences shares the budget."""
    attending = EncoderDecoder(GRU(2, 8), LSTM(2 + 8, 8), attention_size=4)
    stack = Stacked(GRUCell(2 + 4, 8), ElmanCell(8, 8))
    return {
        "encoder and decoder": (
            EncoderDecoder(GRU(2, 8), LSTM(2, 8)),
            lambda network: network(SOURCE, TARGETS),
            [2, 2],
        ),
        "a deep encoder": (
            EncoderDecoder(GRU(2, 8, num_layers=2, bidirectional=True), Recurrent(GRUCell(2, 8))),
            lambda network: network(SOURCE, TARGETS),
            [8, 8, 8, 8, 2],
        ),
        "steps with attention": (attending, lambda network: network(SOURCE, STEPS), [2] * 6),
        "one call from a vector": (
            OneToMany(GRU(2 + 4, 8), vector_size=4),
            lambda network: network(VECTOR, TARGETS),
            [1],
        ),
        "steps from a vector": (
            OneToMany(LSTM(2 + 4, 8), vector_size=4),
            lambda network: network(VECTOR, STEPS, teacher_forcing=0.0),
            [1] * 5,
        ),
        "steps of a stack": (
            OneToMany(stack, vector_size=4),
            lambda network: network(VECTOR, STEPS, teacher_forcing=0.0),
            [2] * 10,
        ),
        "four sweeps": (
            ImageSweep(lambda size: LSTMCell(size, 4), 3),
            lambda network: network(IMAGE),
            [4] * 4,
        ),
    }


@pytest.mark.parametrize("name", cases())
def test_recurrences_of_a_call_keep_within_the_budget(name: str, monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    network, call, num_shares = cases()[name]
    sizes: list[checkpoints.Sizes] = []
    told: list[int | None] = []

    def noting(call: Any, arguments: Any) -> int:
        told.append(call.memory)
        room = checkpoints.choose_room(call, arguments)
        sizes.append(checkpoints.sizes_of(call, arguments, room))
        return room

    monkeypatch.setattr(function, "choose_room", noting)
    budget = 7_000_000
    expected = torch.autograd.grad(call(network).square().sum(), [*network.parameters()], allow_unused=True)
    told.clear()
    sizes.clear()
    with within_memory(budget):
        output = call(network)
    assert told == [budget // share for share in num_shares]
    # Whatever is kept is there at once; of what is worked in, one call's at a time.
    assert sum(one.kept for one in sizes) + max(one.work for one in sizes) <= budget
    found = torch.autograd.grad(output.square().sum(), [*network.parameters()], allow_unused=True)
    for ours, truth in zip(found, expected, strict=True):
        assert (ours is None) == (truth is None)
        if ours is not None and truth is not None:
            # Sums over the steps are cut elsewhere: float32 moves them by a few eps of the largest.
            torch.testing.assert_close(ours, truth, rtol=1e-4, atol=float(1e-5 * truth.abs().max()))


def test_all_steps_of_a_decoder_must_have_room():
    network = OneToMany(LSTM(2 + 4, 8), vector_size=4)

    def least(num_steps: int) -> int:
        with within_memory(10), pytest.raises(OptionError) as caught:
            network(VECTOR, torch.randn(num_steps, 3, 2), teacher_forcing=0.0)
        assert str(caught.value).endswith(f"\n    It holds what is kept of {num_steps} calls.")
        found = re.search(r"the smallest that works is (\d+) kB", str(caught.value))
        assert found
        return 1000 * int(found[1])

    few, many = least(20), least(2000)
    # An LSTM keeps its gates and its cell state at least: 5 H numbers of 4 bytes for each of 3 sequences.
    assert many - few >= 1980 * 5 * 8 * 4 * 3 - 1000  # both are rounded to kB
    steps = torch.randn(2000, 3, 2)
    with within_memory(many):
        network(VECTOR, steps, teacher_forcing=0.0).sum().backward()
    with within_memory(many - 2000), pytest.raises(OptionError):
        network(VECTOR, steps, teacher_forcing=0.0)
