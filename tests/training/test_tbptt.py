"""Gradients of truncated backpropagation: against torch.nn cut by hand, closed forms, and whole sequences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import elman
from elman import TBPTT, PerStep, Recurrent
from elman.cells import Cell, ElmanCell, GRUCell, LSTMCell
from elman.training import Part, Schedule, SequenceBatch

T, N, I, H = 12, 4, 3, 5  # noqa: E741


class Pair(Cell):
    """A cell whose state is nested: (a, (b, c))."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.first, self.second = GRUCell(input_size, hidden_size), LSTMCell(hidden_size, hidden_size)
        self.output_size = hidden_size

    def forward(self, input: Tensor, state: Any) -> tuple[Tensor, Any]:
        a, first = self.first(input, state[0])
        b, second = self.second(a, state[1])
        return b, (first, second)

    def initial_state(self, batch_size: int) -> Any:
        return self.first.initial_state(batch_size), self.second.initial_state(batch_size)


LAYERS: dict[str, Callable[[], nn.Module]] = {
    "elman": lambda: Recurrent(ElmanCell(I, H)),
    "lstm": lambda: Recurrent(LSTMCell(I, H)),
    "gru batch first": lambda: Recurrent(GRUCell(I, H), batch_first=True),
    "plain loop": lambda: Recurrent(LSTMCell(I, H), backend="eager"),
    "nested state": lambda: Recurrent(Pair(I, H)),
    "two layers": lambda: elman.LSTM(I, H, num_layers=2),
    "two layers batch first": lambda: elman.GRU(I, H, num_layers=2, batch_first=True),
}


def is_batch_first(layer: nn.Module) -> bool:
    return bool(layer.batch_first)


def make_batch(layer: nn.Module, dtype: torch.dtype, *, ragged: bool = False, resets: bool = False):
    axes = (N, T) if is_batch_first(layer) else (T, N)
    return SequenceBatch(
        torch.randn(*axes, I, dtype=dtype),
        target=torch.randn(*axes, H, dtype=dtype),
        lengths=torch.tensor([T, 5, 8, 1]) if ragged else None,
        resets=torch.rand(axes) < 0.3 if resets else None,
    )


def error(output: Tensor, target: Tensor | None, mask: Tensor) -> Tensor:
    assert target is not None
    return ((output - target).square() * mask[..., None]).sum()


def gradients(layer: nn.Module) -> list[Tensor]:
    return [one.grad.clone() for one in layer.parameters() if one.grad is not None]


def run_frozen(schedule: Schedule, layer: nn.Module, batch: Any) -> list[Part]:
    """Add up the gradients of all parts with weights that do not move."""
    layer.zero_grad()
    parts = []
    for part in schedule.parts(layer, batch):
        part.backward(error(part.output, part.target, part.mask))
        parts.append(part)
    return parts


def whole_gradient(layer: nn.Module, batch: SequenceBatch) -> list[Tensor]:
    """BPTT by a plain call of the layer."""
    layer.zero_grad()
    options: dict[str, Any] = {"lengths": batch.lengths, "resets": batch.resets}
    output, _ = layer(batch.input, batch.initial_state, **options)
    steps = torch.arange(T)
    lengths = torch.full((N,), T) if batch.lengths is None else torch.as_tensor(batch.lengths)
    mask = steps < lengths[:, None] if is_batch_first(layer) else steps[:, None] < lengths
    error(output, batch.target, mask).backward()
    return gradients(layer)


def assert_same(ours: list[Tensor], theirs: list[Tensor]) -> None:
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("schedule", [TBPTT(T), TBPTT(T + 9), TBPTT(T, window=T + 3)], ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_segment_as_long_as_the_sequence_is_bptt_to_the_bit(
    schedule: Schedule, dtype: torch.dtype, name: str
):
    layer = LAYERS[name]().to(dtype)
    for ragged, resets in [(False, False), (True, False), (True, True)]:
        batch = make_batch(layer, dtype, ragged=ragged, resets=resets)
        expected = whole_gradient(layer, batch)
        parts = run_frozen(schedule, layer, batch)
        assert [part.is_last for part in parts] == [True]
        assert_same(gradients(layer), expected)


@pytest.mark.parametrize("length", [1, 3, 5])
def test_updates_are_those_of_torch_cut_by_hand(length: int):
    layer = elman.LSTM(I, H).double()
    peer = nn.LSTM(I, H).double()
    peer.load_state_dict(layer.state_dict())
    batch = make_batch(layer, torch.float64)
    target = batch.target
    assert target is not None
    ours, theirs = (torch.optim.SGD(one.parameters(), lr=0.01) for one in (layer, peer))
    for part in TBPTT(length).parts(layer, batch):
        ours.zero_grad()
        part.backward(error(part.output, part.target, part.mask))
        ours.step()
    state = None
    for start in range(0, T, length):
        theirs.zero_grad()
        output, state = peer(batch.input[start : start + length], state)
        state = state[0].detach(), state[1].detach()
        (output - target[start : start + length]).square().sum().backward()
        theirs.step()
    # Sums in another order; float64 keeps 12 updates of contracting weights below 1e-12.
    for one, other in zip(layer.parameters(), peer.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


class Scalar(Cell):
    """h_t = w h_{t-1} + x_t, whose gradients can be written down."""

    def __init__(self):
        super().__init__(1, 1)
        self.weight = nn.Parameter(torch.tensor([[0.9]], dtype=torch.float64))

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = nn.functional.linear(state, self.weight) + input
        return state, state


def scalar_gradient(x: np.ndarray, w: float, begin: int, end: int, cut: int) -> float:
    """The sum over t in begin..end-1 of dh_t/dw, when the state before step `cut` is held fixed."""
    h, dh, total = 0.0, 0.0, 0.0
    for t in range(end):
        if t == cut:
            dh = 0.0
        dh, h = h + w * dh, w * h + x[t]
        total += dh if t >= begin else 0.0
    return total


@pytest.mark.parametrize(("length", "window"), [(1, 1), (1, 4), (3, 4), (3, 7), (5, 5), (4, 40)])
def test_window_reaches_back_as_far_as_it_says(length: int, window: int):
    layer = Recurrent(Scalar())
    input = torch.randn(17, 1, 1, dtype=torch.float64)
    for part in TBPTT(length, window=window).parts(layer, SequenceBatch(input)):
        layer.zero_grad()
        part.backward(part.output.sum())
        cut = max(0, part.stop - window)
        expected = scalar_gradient(input.flatten().numpy(), 0.9, part.start, part.stop, cut)
        (found,) = gradients(layer)
        assert found.item() == pytest.approx(expected, rel=1e-12)
        assert len(part.output) == part.stop - part.start


@pytest.mark.parametrize("schedule", [TBPTT(3), TBPTT(2, window=5), TBPTT(1, window=4), PerStep()], ids=repr)
def test_nothing_is_sent_back_beyond_the_truncation(schedule: Schedule):
    layer = Recurrent(LSTMCell(I, H))
    input = torch.randn(T, N, I, requires_grad=True)
    for part in schedule.parts(layer, SequenceBatch(input)):
        input.grad = None
        part.backward(part.output.square().sum())
        assert input.grad is not None
        first = part.start if schedule.window is None else max(0, part.stop - schedule.window)
        reached = input.grad.abs().sum((1, 2)) > 0
        assert reached.tolist() == [first <= t < part.stop for t in range(T)]


def test_gradient_error_falls_as_the_truncation_grows():
    layer = Recurrent(ElmanCell(I, H, recurrent_scale=0.9)).double()
    batch = make_batch(layer, torch.float64)
    full = torch.cat([one.flatten() for one in whole_gradient(layer, batch)])

    def distance(schedule: Schedule) -> float:
        run_frozen(schedule, layer, batch)
        found = torch.cat([one.flatten() for one in gradients(layer)])
        return float((found - full).norm() / full.norm())

    windows = [distance(TBPTT(1, window=window)) for window in (1, 2, 4, 8, T)]
    assert windows == sorted(windows, reverse=True)
    assert windows[0] > 0.05
    assert windows[-1] < 1e-12
    segments = [distance(TBPTT(length)) for length in (1, 3, 6, T)]
    assert segments == sorted(segments, reverse=True)
    assert distance(TBPTT(3, window=9)) < distance(TBPTT(3))


class Live:
    """Counts the bytes that autograd keeps, and their peak."""

    def __init__(self) -> None:
        self.now = self.peak = 0

    def pack(self, tensor: Tensor) -> "Kept":
        return Kept(self, tensor)


class Kept:
    def __init__(self, live: Live, tensor: Tensor) -> None:
        self.live, self.tensor, self.size = live, tensor, tensor.numel() * tensor.element_size()
        live.now += self.size
        live.peak = max(live.peak, live.now)

    def __del__(self) -> None:
        self.live.now -= self.size


def peak(schedule: Schedule, num_steps: int) -> int:
    layer, live = Recurrent(LSTMCell(I, H), backend="eager"), Live()
    batch = SequenceBatch(torch.randn(num_steps, N, I), target=torch.randn(num_steps, N, H))
    with torch.autograd.graph.saved_tensors_hooks(live.pack, lambda kept: kept.tensor):
        for part in schedule.parts(layer, batch):
            part.backward(error(part.output, part.target, part.mask))
    return live.peak


@pytest.mark.parametrize("schedule", [TBPTT(10), TBPTT(5, window=20), PerStep()], ids=repr)
def test_memory_does_not_grow_with_the_sequence(schedule: Schedule):
    assert peak(schedule, 800) == peak(schedule, 100)
    assert peak(TBPTT(800), 800) > 7 * peak(TBPTT(100), 100)


def test_per_step_is_a_segment_of_one():
    layer = Recurrent(LSTMCell(I, H))
    batch = make_batch(layer, torch.float32, ragged=True)
    assert [part.stop for part in run_frozen(PerStep(), layer, batch)] == list(range(1, T + 1))
    found = gradients(layer)
    run_frozen(TBPTT(1), layer, batch)
    assert_same(found, gradients(layer))


def test_gradients_add_up_until_they_are_cleared():
    layer = Recurrent(GRUCell(I, H))
    batch = make_batch(layer, torch.float32)
    expected = whole_gradient(layer, batch)
    for _ in range(2):
        (part,) = TBPTT(T).parts(layer, batch)
        part.backward(error(part.output, part.target, part.mask))
    assert_same(gradients(layer), [3 * one for one in expected])


def test_a_head_of_the_user_learns_too():
    layer, head = Recurrent(GRUCell(I, H)), nn.Linear(H, 1)
    for part in TBPTT(4).parts(layer, make_batch(layer, torch.float32)):
        part.backward(head(part.output).mean())
    assert head.weight.grad is not None
    assert head.weight.grad.abs().sum() > 0
