"""The gradient within a byte budget: the same bits, in less memory."""

import re
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from elman.cells import Cell, ElmanCell, GRUCell, LSTMCell, map_state
from elman.cells.state import state_tensors
from elman.compiler import checkpoints, function, shared_by, within_memory
from elman.compiler.options import chosen_memory
from elman.errors import GraphError, OptionError
from elman.layers import GRU, LSTM, Bidirectional, Recurrent, Stacked
from elman.training import BPTT, plan

FLAGS = [*product((False, True), repeat=3)]


def least_memory(layer: torch.nn.Module, *arguments: Any, **options: Any) -> int:
    with pytest.raises(OptionError) as caught, within_memory(1):
        layer(*arguments, **options)
    found = re.search(r"the smallest that works is (\d+) kB, but it is 0.001 kB", str(caught.value))
    assert found, str(caught.value)
    return 1000 * int(found[1])


class Run:
    """One cell on one batch, with all its gradients, within a budget or without."""

    def __init__(self, cell: Cell, num_steps: int, batch_size: int, dtype: torch.dtype, flags: Any):
        is_ragged, reverse, has_resets = flags
        torch.manual_seed(1)
        self.layer = Recurrent(cell.to(dtype), backend="llvm", reverse=reverse)
        self.input = torch.randn(num_steps, batch_size, cell.input_size, dtype=dtype, requires_grad=True)
        self.state = map_state(lambda s: torch.rand_like(s).requires_grad_(), cell.initial_state(batch_size))
        self.options: dict[str, Tensor] = {}
        if is_ragged:
            self.options["lengths"] = torch.randint(1, num_steps + 1, (batch_size,))
        if has_resets:
            self.options["resets"] = torch.rand(num_steps, batch_size) < 0.1

    def results(self, memory: int | None) -> tuple[list[Tensor], Any]:
        with within_memory(memory):
            output, final = self.layer(self.input, self.state, **self.options)
        torch.manual_seed(2)
        found = [output, *state_tensors(final)]
        loss = torch.stack([(part * torch.randn_like(part)).sum() for part in found]).sum()
        leaves = [self.input, *state_tensors(self.state), *self.layer.parameters()]
        return [*found, *torch.autograd.grad(loss, leaves)], output.grad_fn

    def least(self) -> int:
        return least_memory(self.layer, self.input, self.state, **self.options)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("batch_size", [4, 33])  # the larger one is summed in pieces
@pytest.mark.parametrize("cell_class", [ElmanCell, LSTMCell, GRUCell])
def test_spans_of_any_length_change_no_number(
    cell_class: type[Cell], batch_size: int, flags: tuple[bool, ...], monkeypatch: pytest.MonkeyPatch
):
    run = Run(cell_class(3, 5), 37, batch_size, torch.float64, flags)
    expected, _ = run.results(None)
    for room in (1, 2, 16, 32):
        monkeypatch.setattr(function, "choose_room", lambda call, arguments, room=room: room)
        found, node = run.results(None)
        assert node.room == room
        for number, (ours, truth) in enumerate(zip(found, expected, strict=True)):
            # Sums over time may be cut elsewhere, which moves the terms of a gradient by an eps or so.
            torch.testing.assert_close(
                ours, truth, rtol=1e-13, atol=1e-13, msg=lambda m, n=number: f"{n}: {m}"
            )


def test_the_smallest_budget_that_is_named_works():
    run = Run(LSTMCell(3, 5), 500, 5, torch.float64, (True, False, False))
    expected, _ = run.results(None)
    least = run.least()
    found, node = run.results(least)
    assert 1 < node.room < 500
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-13)
    with pytest.raises(OptionError, match="the smallest that works is"):
        run.results(least - 1000)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_spans_of_whole_blocks_give_the_same_bits(dtype: torch.dtype):
    run = Run(LSTMCell(3, 64), 5000, 1, dtype, (False, False, False))
    expected, _ = run.results(None)
    found, node = run.results(6_000_000)
    assert node.room < 5000
    assert all(map(torch.equal, found, expected))


def test_the_gradient_of_a_retained_graph_is_the_same_again():
    layer = Recurrent(GRUCell(2, 4), backend="llvm")
    input = torch.randn(50, 3, 2)
    memory = least_memory(layer, input)
    with within_memory(memory):
        output, _ = layer(input)
    loss = output.square().sum()
    once = torch.autograd.grad(loss, [*layer.parameters()], retain_graph=True)
    before = output.clone()
    again = torch.autograd.grad(loss, [*layer.parameters()])
    assert all(map(torch.equal, once, again))
    assert torch.equal(output, before)


def test_second_derivatives_run_the_plain_loop():
    layer = Recurrent(ElmanCell(2, 3).double(), backend="llvm")
    input = torch.randn(9, 2, 2, dtype=torch.float64, requires_grad=True)

    def penalty(memory: int | None) -> Tensor:
        with within_memory(memory):
            output, _ = layer(input)
        (gradient,) = torch.autograd.grad(output.square().sum(), input, create_graph=True)
        return torch.autograd.grad(gradient.square().sum(), input)[0]

    torch.testing.assert_close(penalty(least_memory(layer, input)), penalty(None))


def test_an_output_changed_in_place_is_an_error():
    layer = Recurrent(GRUCell(2, 4), backend="llvm")
    input = torch.randn(50, 3, 2)
    with within_memory(least_memory(layer, input)):
        output, _ = layer(input)
    loss = output.square().sum()
    output.detach().mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_the_memory_is_what_was_allowed():
    layer = Recurrent(LSTMCell(2, 64), backend="llvm")
    input = torch.randn(20_000, 1, 2)
    kept = []
    with (
        within_memory(2_500_000),
        torch.autograd.graph.saved_tensors_hooks(kept.append, lambda number: number),
    ):
        output, _ = layer(input)
    own = {output.data_ptr(), input.data_ptr(), *(p.data_ptr() for p in layer.parameters())}
    assert 0 < sum(tensor.nbytes for tensor in kept if tensor.data_ptr() not in own) < 2_500_000


def test_without_a_gradient_a_budget_asks_nothing():
    layer = Recurrent(ElmanCell(2, 3), backend="eager")
    with within_memory(1), torch.no_grad():
        layer(torch.randn(4, 1, 2))


def test_a_plain_loop_keeps_no_budget():
    layer = Recurrent(ElmanCell(2, 3), backend="eager")
    with (
        pytest.raises(GraphError, match='a plain loop: backend="eager" asks for the plain loop'),
        within_memory(9),
    ):
        layer(torch.randn(4, 1, 2))


def test_several_recurrences_share_a_budget():
    with within_memory(90), shared_by(3):
        assert chosen_memory() == 30
        with shared_by(2):
            assert chosen_memory() == 15
        with within_memory(8):  # a block of its own
            assert chosen_memory() == 8
    with shared_by(3):
        assert chosen_memory() is None


DEEP: dict[str, tuple[torch.nn.Module, int]] = {
    "layers and directions": (LSTM(2, 16, num_layers=2, bidirectional=True), 4),
    "a stack": (Stacked(GRUCell(2, 16), ElmanCell(16, 16), LSTMCell(16, 16)), 3),
    "both directions": (Bidirectional(GRUCell(2, 16)), 2),
    "layers in layers": (Stacked(Bidirectional(GRUCell(2, 8)), Recurrent(ElmanCell(16, 16))), 4),
}


@pytest.mark.parametrize(("layer", "num_shares"), DEEP.values(), ids=DEEP)
def test_all_recurrences_of_a_call_keep_within_the_budget(layer: torch.nn.Module, num_shares: int):
    input = torch.randn(2000, 3, 2)
    expected = torch.autograd.grad(layer(input)[0].square().sum(), [*layer.parameters()])
    least = least_memory(layer, input)
    calls: list[int] = []

    def noting(call: Any, arguments: Any) -> int:
        room = checkpoints.choose_room(call, arguments)
        calls.append(checkpoints.measure(call, arguments, room))
        return room

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "choose_room", noting)
        with within_memory(2 * least):
            output, _ = layer(input)
    assert all(size <= 2 * least // num_shares for size in calls)
    assert sum(calls) <= 2 * least
    found = torch.autograd.grad(output.square().sum(), [*layer.parameters()])
    # Sums of 2000 x 3 terms are cut elsewhere: float32 moves them by a few eps of the largest.
    for ours, truth in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, truth, rtol=1e-4, atol=float(1e-5 * truth.abs().max()))
    with pytest.raises(OptionError, match="have equal shares of it"), within_memory(least // 2):
        layer(input)


@pytest.mark.parametrize("layer", [layer for layer, _ in DEEP.values()], ids=DEEP)
def test_the_smallest_budget_named_is_that_of_the_layer_that_needs_most(layer: torch.nn.Module):
    input = torch.randn(6000, 4, 2)
    with pytest.raises(OptionError) as refused, within_memory(1000):
        layer(input)
    least = 1000 * int(str(refused.value).split(" kB")[0].split()[-1])
    with within_memory(least):
        layer(input)
    (row,) = plan(layer, 6000, 4, methods=[BPTT(1000)], is_timed=False)
    assert str(row.refusal) == str(refused.value)
    with pytest.raises(OptionError, match=f" {least // 1000} kB"), within_memory(least - 1000):
        layer(input)


def test_the_operator_of_torch_keeps_no_budget():
    layer = GRU(2, 4).half()
    said = r"torch's own operator: there are no kernels for torch\.float16"
    with pytest.raises(GraphError, match=said), within_memory(9):
        layer(torch.randn(4, 1, 2).half())
    with within_memory(9), torch.no_grad():
        layer(torch.randn(4, 1, 2).half())
