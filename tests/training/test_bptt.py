"""Backpropagation through time as a choice: a block, a schedule, and a budget in bytes."""

import threading

import pytest
import torch

from elman.cells import GRUCell, LSTMCell
from elman.compiler.options import chosen_memory
from elman.errors import OptionError
from elman.layers import LSTM, Recurrent
from elman.training.through_time.batch import SequenceBatch
from elman.training.through_time.bptt import BPTT
from elman.training.through_time.sizes import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (1, 1),
        ("64MB", 64_000_000),
        ("64 mb", 64_000_000),
        ("1.5GiB", 3 << 29),
        ("12", 12),
        ("3 kB", 3000),
        ("7b", 7),
    ],
)
def test_sizes_are_read_as_people_write_them(text: int | str, size: int):
    assert parse_bytes("memory", text) == size


@pytest.mark.parametrize(
    "value", ["", "MB", "0MB", "-1MB", "1e6", "64 apples", "64MBMB", 0, -5, True, 1.5, None, "nan"]
)
def test_what_is_no_size_is_refused(value: object):
    with pytest.raises(OptionError) as caught:
        parse_bytes("memory", value)  # pyright: ignore[reportArgumentType]
    assert str(caught.value) == f'`memory` must be a size such as "64MB" or 64_000_000, but it is {value!r}.'


def test_sizes_are_written_with_three_figures():
    sizes = [0, 999, 1000, 999_600, 12_345_678, 5e9, 7.2e12]
    assert [format_bytes(size) for size in sizes] == [
        "0 B",
        "999 B",
        "1 kB",
        "1 MB",
        "12.3 MB",
        "5 GB",
        "7.2 TB",
    ]


def test_a_block_holds_for_the_calls_inside_it_alone():
    inner, outer = BPTT(memory="1kB"), BPTT(memory="2kB")
    with outer:
        with inner, inner:
            assert chosen_memory() == 1000
        assert chosen_memory() == 2000
        seen = []
        thread = threading.Thread(target=lambda: seen.append(chosen_memory()))
        thread.start()
        thread.join()
        assert seen == [None]
        with BPTT():
            assert chosen_memory() is None
    with pytest.raises(ZeroDivisionError), inner:
        raise ZeroDivisionError
    assert chosen_memory() is None


@pytest.mark.parametrize("layer", [Recurrent(LSTMCell(2, 16)), LSTM(2, 16)])
def test_any_backward_of_a_call_obeys(layer: torch.nn.Module):
    layer = layer.double()
    input = torch.randn(3000, 1, 2, dtype=torch.float64)
    expected = torch.autograd.grad(layer(input)[0].square().sum(), [*layer.parameters()])
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t), BPTT("2MB"):
        output, _ = layer(input)
    found = torch.autograd.grad(output.square().sum(), [*layer.parameters()])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert max(tensor.numel() for tensor in kept) == output.numel()  # without the budget, four times as much


def test_as_a_schedule_it_is_one_part_with_the_gradient_of_a_call():
    layer = Recurrent(GRUCell(2, 5), backend="llvm")
    input, target = torch.randn(9, 3, 2), torch.randn(9, 3, 5)
    lengths = torch.tensor([9, 2, 5])
    output, state = layer(input, lengths=lengths)
    ((output - target).square()).mean().backward()
    expected = [parameter.grad for parameter in layer.parameters()]
    layer.zero_grad()
    parts = list(BPTT("50MB").parts(layer, SequenceBatch(input, target, lengths)))
    assert [(part.start, part.stop, part.is_last) for part in parts] == [(0, 9, True)]
    torch.testing.assert_close(parts[0].state, state, rtol=0, atol=0)
    parts[0].backward((parts[0].output - target).square().mean())
    found = [parameter.grad for parameter in layer.parameters()]
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_budget_that_is_too_small_names_the_smallest():
    layer = Recurrent(GRUCell(2, 5))
    with (
        pytest.raises(OptionError, match=r"gradient of 900 time steps of a batch of 3: the smallest"),
        BPTT("1kB"),
    ):
        layer(torch.randn(900, 3, 2))
    assert chosen_memory() is None


def test_repr_shows_the_budget():
    assert [repr(one) for one in (BPTT(), BPTT("64MB"))] == ["BPTT()", "BPTT(memory=64000000)"]
