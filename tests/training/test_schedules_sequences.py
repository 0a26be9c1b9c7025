"""Sequences that end at different times, start anew or never end, and the states between their parts."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import elman
from elman import TBPTT, PerStep, Recurrent
from elman.cells import ConvGRUCell, GRUCell, LSTMCell, SkipCell, map_state
from elman.cells.state import state_tensors
from elman.layers import ConvRecurrent
from elman.training import Part, Schedule, SequenceBatch

T, N, I, H = 11, 4, 3, 5  # noqa: E741
LENGTHS = [11, 3, 8, 4]
SCHEDULES = [TBPTT(4), TBPTT(3, window=7), PerStep(), TBPTT(2, window=2)]


def outputs(schedule: Schedule, layer: nn.Module, batch: Any) -> tuple[Tensor, list[Part]]:
    axis = 1 if layer.batch_first else 0
    parts = list(schedule.parts(layer, batch))
    return torch.cat([part.output for part in parts], axis), parts


def close(ours: Any, theirs: Any) -> None:
    """The same numbers but for the order of sums over H of 5."""
    for one, other in zip(state_tensors(ours), state_tensors(theirs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize("layer", ["recurrent", "torch", "batch first"])
def test_parts_of_unequal_sequences_give_the_outputs_and_states_of_the_whole(schedule: Schedule, layer: str):
    net = {
        "recurrent": Recurrent(LSTMCell(I, H)),
        "torch": elman.LSTM(I, H, num_layers=2),
        "batch first": elman.GRU(I, H, batch_first=True),
    }[layer].double()
    axes = (N, T) if net.batch_first else (T, N)
    input, resets = torch.randn(*axes, I, dtype=torch.float64), torch.rand(axes) < 0.2
    expected, final_state = net(input, lengths=LENGTHS, resets=resets)
    found, parts = outputs(schedule, net, SequenceBatch(input, lengths=LENGTHS, resets=resets))
    close(found, expected)
    close(parts[-1].final_state, final_state)
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert all(part.final_state is None for part in parts[:-1])


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_what_stands_behind_an_end_reaches_nothing(schedule: Schedule):
    layer = Recurrent(GRUCell(I, H))
    input = torch.randn(T, N, I)
    dirty = input.clone()
    for row, length in enumerate(LENGTHS):
        dirty[length:, row] = float("nan")
    found = []
    for one in (input, dirty):
        layer.zero_grad()
        for part in schedule.parts(layer, SequenceBatch(one, lengths=LENGTHS)):
            assert not part.output[~part.mask].any()
            part.backward(part.output.square().sum())
        found.append([p.grad.clone() for p in layer.parameters() if p.grad is not None])
    for clean, soiled in zip(*found, strict=True):
        torch.testing.assert_close(clean, soiled, rtol=0, atol=0)


def test_ended_sequences_are_not_run():
    rows = []

    class Watched(Recurrent):
        def forward(self, input: Tensor, *args: Any, **options: Any):
            rows.append(input.shape[1])
            return super().forward(input, *args, **options)

    layer = Watched(LSTMCell(I, H))
    parts = list(TBPTT(4).parts(layer, SequenceBatch(torch.randn(T, N, I), lengths=[6, 3, 5, 4])))
    assert rows == [4, 2]
    assert [(part.start, part.stop) for part in parts] == [(0, 4), (4, 8)]  # and none where nothing runs
    assert (
        parts[1].mask.tolist()
        == [[True, False, True, False], [True, False, False, False]] + [[False] * 4] * 2
    )


def test_targets_are_cut_like_the_input():
    layer = Recurrent(GRUCell(I, H), batch_first=True)
    target = torch.arange(N * T).reshape(N, T)
    batch = SequenceBatch(torch.randn(N, T, I), target=target)
    parts = list(TBPTT(4).parts(layer, batch))
    assert torch.equal(torch.cat([part.target for part in parts if part.target is not None], 1), target)
    assert [tuple(part.mask.shape) for part in parts] == [(N, 4), (N, 4), (N, 3)]


@pytest.mark.parametrize("schedule", [TBPTT(4), TBPTT(3, window=3), TBPTT(T, window=2 * T)], ids=repr)
def test_initial_state_is_where_it_begins(schedule: Schedule):
    layer = elman.LSTM(I, H).double()
    input = torch.randn(T, N, I, dtype=torch.float64)
    state = (torch.randn(1, N, H, dtype=torch.float64), torch.randn(1, N, H, dtype=torch.float64))
    found, parts = outputs(schedule, layer, SequenceBatch(input, initial_state=state))
    expected, final_state = layer(input, state)
    close(found, expected)
    close(parts[-1].final_state, final_state)
    assert not any(one.requires_grad for one in state_tensors(parts[-1].state))


def test_learned_initial_state_gets_its_gradient_from_the_first_segment():
    layer = Recurrent(GRUCell(I, H)).double()
    state = torch.randn(N, H, dtype=torch.float64, requires_grad=True)
    input = torch.randn(T, N, I, dtype=torch.float64)
    layer(input[:4], state)[0].sum().backward()
    expected, state.grad = state.grad, None
    for part in TBPTT(4).parts(layer, SequenceBatch(input, initial_state=state)):
        part.backward(part.output.sum())
    assert state.grad is not None
    assert expected is not None
    close(state.grad, expected)


def stream(input: Tensor, sizes: list[int]) -> Iterator[SequenceBatch]:
    for piece in input.split(sizes):
        yield SequenceBatch(piece, target=piece)


@pytest.mark.parametrize("window", [None, 3, 6])
def test_a_stream_goes_on_where_the_batch_before_ended(window: int | None):
    layer = Recurrent(LSTMCell(I, H)).double()
    input = torch.randn(12, N, I, dtype=torch.float64)
    expected, final_state = layer(input)
    found, parts = outputs(TBPTT(3, window), layer, stream(input, [6, 3, 3]))
    close(found, expected)
    close(parts[-1].state, final_state)
    assert [(part.start, part.is_last) for part in parts] == [(0, False), (3, True), (0, True), (0, True)]


@pytest.mark.parametrize("sizes", [[1] * 12, [4, 1, 7], [5, 5, 2]])
@pytest.mark.parametrize("with_resets", [False, True])
def test_a_window_reaches_into_the_batches_before(sizes: list[int], with_resets: bool):
    """Against a window over one long batch; updates are at the same steps where a part is a step."""
    layer = Recurrent(LSTMCell(I, H)).double()
    input = torch.randn(12, N, I, dtype=torch.float64)
    resets = torch.rand(12, N) < 0.2 if with_resets else None

    def gradients(batches: Any) -> list[list[Tensor]]:
        found = []
        for part in TBPTT(1, window=5).parts(layer, batches):
            layer.zero_grad()
            part.backward(part.output.square().sum())
            found.append([p.grad.clone() for p in layer.parameters() if p.grad is not None])
        return found

    pieces = input.split(sizes)
    marks = [None] * len(sizes) if resets is None else resets.split(sizes)
    batches = [SequenceBatch(one, resets=mark) for one, mark in zip(pieces, marks, strict=True)]
    ours, theirs = gradients(batches), gradients(SequenceBatch(input, resets=resets))
    assert len(ours) == len(theirs) == 12
    for step, other in zip(ours, theirs, strict=True):
        for one, two in zip(step, other, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-11, atol=1e-13)


def test_an_endless_stream_keeps_no_more_than_its_window():
    layer = Recurrent(GRUCell(I, H))

    def endless() -> Iterator[SequenceBatch]:
        while True:
            yield SequenceBatch(torch.randn(2, N, I))

    longest = 0
    for count, part in enumerate(TBPTT(2, window=6).parts(layer, endless())):
        longest = max(longest, len(part.call.input))
        if count == 30:
            break
    assert longest == 6


def test_a_batch_of_a_stream_may_start_anew():
    layer = Recurrent(GRUCell(I, H)).double()
    first, second = torch.randn(2, 4, N, I, dtype=torch.float64)
    fresh = layer.cell.initial_state(N)
    for schedule in (TBPTT(4), TBPTT(2, window=4)):
        batches = [SequenceBatch(first), SequenceBatch(second, initial_state=fresh)]
        close(outputs(schedule, layer, batches)[0][4:], layer(second)[0])


def test_states_are_carried_row_by_row_past_an_end():
    layer = Recurrent(GRUCell(I, H)).double()
    input = torch.randn(6, 2, I, dtype=torch.float64)
    batches = [SequenceBatch(input[:4], lengths=[4, 2]), SequenceBatch(input[4:])]
    parts = list(TBPTT(2).parts(layer, batches))
    close(parts[-1].state[1], layer(torch.cat([input[:2, 1:], input[4:, 1:]]))[1][0])


def test_layers_of_torch_run_too():
    layer = nn.LSTM(I, H).double()
    input = torch.randn(T, N, I, dtype=torch.float64)
    found = torch.cat([part.output for part in TBPTT(4).parts(layer, SequenceBatch(input))])
    close(found, layer(input)[0])


def test_each_part_runs_with_the_weights_of_its_moment():
    layer = Recurrent(GRUCell(I, H))
    states = []
    for part in TBPTT(4).parts(layer, SequenceBatch(torch.ones(8, N, I))):
        states.append(part.state)
        with torch.no_grad():
            map_state(torch.Tensor.zero_, tuple(layer.parameters()))
    torch.testing.assert_close(states[1], states[0] / 16)  # z = 1/2 and n = 0, four times


@pytest.mark.parametrize("schedule", [TBPTT(2), TBPTT(1, window=2)], ids=repr)
def test_an_update_does_not_move_a_carried_state(schedule: Schedule):
    """A state that a cell hands on untouched is a view of the learned one that it began with."""
    layer = Recurrent(SkipCell(I, H, delay=4), learn_initial_state=True, backend="eager")
    for part in schedule.parts(layer, SequenceBatch(torch.randn(6, N, I))):
        before = [one.clone() for one in state_tensors(part.state)]
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.add_(1)
        assert all(map(torch.equal, before, state_tensors(part.state)))


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_sequences_of_images_end_at_different_times(schedule: Schedule):
    layer = ConvRecurrent(ConvGRUCell(2, 3, 3)).double()
    input = torch.randn(T, N, 2, 4, 4, dtype=torch.float64)
    expected, final_state = layer(input, lengths=LENGTHS)
    found, parts = outputs(schedule, layer, SequenceBatch(input, lengths=LENGTHS))
    close(found, expected)
    close(parts[-1].final_state, final_state)


def test_a_list_of_states_is_taken_as_torch_takes_it():
    layer = elman.LSTM(I, H)
    states, input = [torch.randn(1, N, H) for _ in range(2)], torch.randn(T, N, I)
    batch = SequenceBatch(input, lengths=LENGTHS, initial_state=states)
    found, _ = outputs(TBPTT(3, window=5), layer, batch)
    torch.testing.assert_close(found, layer(input, tuple(states), lengths=LENGTHS)[0])
