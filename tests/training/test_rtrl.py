"""Real-time recurrent learning: BPTT's gradient, in memory that does not grow with time."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.cells import ALL_CELLS, Cell, EchoStateCell, ElmanCell, GRUCell, LSTMCell
from elman.cells.state import state_tensors
from elman.compiler.kernels import kernel
from elman.compiler.recordings import recorded
from elman.errors import OptionError
from elman.layers import LSTM, Recurrent
from elman.training.through_time import rtrl
from elman.training.through_time.batch import SequenceBatch
from elman.training.through_time.full_sensitivity import FullSensitivity
from elman.training.through_time.rtrl import RTRL
from elman.training.through_time.tangent import TangentStep

T, N = 9, 3
DIAGONAL = ["indrnn", "min_gru", "min_lstm", "sru", "linear_recurrent"]
CELLS = [
    name
    for name, make in ALL_CELLS.items()
    if not (cell := make(3, 4)).step_inputs(2, 2) and any(p.requires_grad for p in cell.parameters())
]


def batch_of(**options: Any) -> SequenceBatch:
    torch.manual_seed(2)
    return SequenceBatch(torch.randn(T, N, 3, dtype=torch.float64), **options)


def loss_of(output: Tensor, mask: Tensor, start: int) -> Tensor:
    """A loss that differs from step to step."""
    weights = torch.linspace(0.5, 2, T, dtype=torch.float64)[start : start + len(output)]
    return (weights[:, None] * (output.sin().sum(-1) * mask)).sum()


def gradients(layer: nn.Module, run: Callable[[], None]) -> list[Tensor]:
    layer.zero_grad()
    run()
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in layer.parameters()]


def by_rtrl(layer: Recurrent, batch: SequenceBatch, every: int) -> list[Tensor]:
    def run() -> None:
        for part in RTRL(every).parts(layer, batch):
            part.backward(loss_of(part.output, part.mask, part.start))

    return gradients(layer, run)


def by_bptt(layer: Recurrent, batch: SequenceBatch) -> list[Tensor]:
    def run() -> None:
        state = batch.initial_state
        output, _ = layer(batch.input, state, lengths=batch.lengths, resets=batch.resets)
        lengths = torch.full((N,), T) if batch.lengths is None else torch.as_tensor(batch.lengths)
        loss_of(output, torch.arange(T)[:, None] < lengths, 0).backward()

    return gradients(layer, run)


def assert_same(found: list[Tensor], expected: list[Tensor]) -> None:
    for ours, truth in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, truth, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", CELLS)
def test_the_gradient_is_that_of_bptt(name: str):
    torch.manual_seed(1)
    layer = Recurrent(ALL_CELLS[name](3, 4).double(), backend="eager")
    batch = batch_of()
    expected = by_bptt(layer, batch)
    assert any(one.abs().max() > 1e-3 for one in expected)
    for every in (1, 4):
        assert_same(by_rtrl(layer, batch, every), expected)


@pytest.mark.parametrize("cell", [LSTMCell(3, 4), GRUCell(3, 4), ALL_CELLS["indrnn"](3, 4)])
@pytest.mark.parametrize("options", ["lengths", "resets", "both", "state"])
def test_sequences_end_start_anew_and_go_on(cell: Cell, options: str):
    torch.manual_seed(3)
    layer = Recurrent(cell.double(), backend="llvm")
    given: dict[str, Any] = {}
    if options in ("lengths", "both"):
        given["lengths"] = torch.tensor([4, T, 1])
    if options in ("resets", "both"):
        given["resets"] = torch.rand(T, N) < 0.3
    if options == "state":
        state = layer.initial_state(N)
        given["initial_state"] = (
            tuple(torch.rand_like(one) for one in state)
            if isinstance(state, tuple)
            else torch.rand_like(state)
        )
    batch = batch_of(**given)
    if "lengths" in given:
        batch.input[4:, 0] = torch.nan
    assert_same(by_rtrl(layer, batch, 2), by_bptt(layer, batch))


def test_a_stream_of_batches_is_one_sequence():
    layer = Recurrent(GRUCell(3, 4).double())
    whole = batch_of()
    expected = by_bptt(layer, whole)
    pieces = [SequenceBatch(whole.input[:2]), SequenceBatch(whole.input[2:5]), SequenceBatch(whole.input[5:])]
    starts = iter(range(T))

    def run() -> None:
        for part in RTRL().parts(layer, iter(pieces)):
            part.backward(loss_of(part.output, part.mask, next(starts)))

    assert_same(gradients(layer, run), expected)


@pytest.mark.parametrize("name", DIAGONAL)
def test_units_that_do_not_mix_are_carried_one_by_one(name: str):
    cell = ALL_CELLS[name](3, 4)
    wanted = frozenset(recorded(cell).names["parameter"])
    assert TangentStep(recorded(cell).graph, wanted).is_diagonal


@pytest.mark.parametrize("cell_class", [ElmanCell, LSTMCell, GRUCell])
def test_units_that_mix_are_not(cell_class: type[Cell]):
    cell = cell_class(3, 4)
    assert not TangentStep(recorded(cell).graph, frozenset(recorded(cell).names["parameter"])).is_diagonal


def test_by_unit_and_in_full_are_the_same(monkeypatch: pytest.MonkeyPatch):
    layer = Recurrent(ALL_CELLS["indrnn"](3, 4).double())
    by_unit = by_rtrl(layer, batch_of(), 1)
    monkeypatch.setattr(rtrl, "DiagonalSensitivity", FullSensitivity)
    assert_same(by_rtrl(layer, batch_of(), 1), by_unit)


class SharedCell(Cell):
    """A step in which all rows of a matrix meet one weight, and a parameter each element."""

    def __init__(self, hidden_size: int):
        super().__init__(3, hidden_size)
        self.output_size = 2 * hidden_size
        self.weight_ih = nn.Parameter(torch.randn(2 * hidden_size, 3))
        self.weight_hh = nn.Parameter(0.5 * torch.randn(hidden_size, hidden_size))
        self.gain = nn.Parameter(torch.randn(2, hidden_size))

    def initial_state(self, batch_size: int) -> Tensor:
        return self.weight_hh.new_zeros(batch_size, 2, self.hidden_size)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        entering = torch.nn.functional.linear(input, self.weight_ih).unflatten(-1, (2, self.hidden_size))
        new = torch.tanh(entering + self.gain * torch.nn.functional.linear(state, self.weight_hh))
        return new.flatten(1), new


def test_a_weight_may_meet_several_vectors_of_a_state_with_two_axes():
    torch.manual_seed(4)
    layer = Recurrent(SharedCell(4).double(), backend="eager")
    batch = batch_of(resets=torch.rand(T, N) < 0.2)
    assert_same(by_rtrl(layer, batch, 2), by_bptt(layer, batch))


@pytest.mark.parametrize("name", CELLS)
def test_kernels_carry_what_the_plain_loop_does(name: str):
    torch.manual_seed(5)
    cell = ALL_CELLS[name](3, 4).double()
    found = [by_rtrl(Recurrent(cell, backend=backend), batch_of(), 3) for backend in ("llvm", "eager")]
    assert_same(*found)
    step = TangentStep(recorded(cell).graph, frozenset(recorded(cell).names["parameter"]))
    for one in (step.tangent, step.watching):
        kernel(one, None, "float64", None)  # raises where there is none


def test_a_sequence_that_starts_anew_forgets_a_past_that_diverged():
    torch.manual_seed(6)
    resets = torch.zeros(T, N, dtype=torch.bool)
    resets[4, 1] = True
    batch = batch_of(resets=resets)
    batch.input[3, 1] = torch.inf
    layer = Recurrent(LSTMCell(3, 4).double())
    *_, last = RTRL(2).parts(layer, batch)
    grads = gradients(layer, lambda: last.backward(last.output.sum()))
    assert all(bool(one.isfinite().all()) for one in grads)


def test_memory_does_not_depend_on_the_number_of_steps():
    layer = Recurrent(LSTMCell(1, 4))
    sizes = set()
    for num_steps in (5, 50):
        walk = RTRL().walk(layer)
        for part in walk.through(SequenceBatch(torch.randn(num_steps, 2, 1))):
            part.backward(part.output.sum())
        assert isinstance(walk, rtrl._Walk)
        assert walk.sensitivity is not None
        sizes.add(walk.sensitivity.numbers.numel())
    # Two states of 4, by the 16 (1 + 4 + 1) numbers of weights and bias, of 2 sequences.
    assert sizes == {2 * 8 * 16 * 6}


def test_it_learns_online_what_truncation_cannot():
    """Recall the first input after 12 steps, a part for each: the gradient of TBPTT(1) is blind to it."""
    torch.manual_seed(0)
    layer = Recurrent(ALL_CELLS["gru"](1, 6))
    head = nn.Linear(6, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    losses = []
    for _ in range(120):
        first = torch.randn(16, 1)
        input = torch.zeros(12, 16, 1)
        input[0] = first
        for part in RTRL().parts(layer, SequenceBatch(input)):
            optimizer.zero_grad()
            loss = (head(part.output[-1]) - first).square().mean()
            part.backward(loss if part.is_last else 0 * loss)
            if part.is_last:
                optimizer.step()
                losses.append(loss.item())
    assert sum(losses[-10:]) < 0.2 * sum(losses[:10])


def test_parameters_without_gradient_stay_out():
    layer = Recurrent(GRUCell(3, 4).double())
    layer.cell.weight_hh.requires_grad_(False)
    by_rtrl(layer, batch_of(), 1)
    assert layer.cell.weight_hh.grad is None
    assert layer.cell.weight_ih.grad is not None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LSTM(3, 4),
            "RTRL needs one elman.Recurrent, whose cell is the whole step, but `layer` is a LSTM.",
        ),
        (
            lambda: Recurrent(GRUCell(3, 4), learn_initial_state=True),
            "RTRL starts from a state that no parameter moves, but `layer` learns its initial state.",
        ),
    ],
)
def test_what_it_cannot_do_is_said(make: Callable[[], nn.Module], message: str):
    with pytest.raises(OptionError) as caught:
        RTRL().parts(make(), batch_of())
    assert str(caught.value) == message


def test_state_of_a_part_is_that_of_the_layer():
    layer = Recurrent(LSTMCell(3, 4).double())
    *_, last = RTRL(2).parts(layer, batch_of())
    _, state = layer(batch_of().input)
    torch.testing.assert_close(state_tensors(last.state), state_tensors(state))
    assert repr(RTRL(2)) == "RTRL(every=2)"
    assert repr(RTRL()) == "RTRL()"


def test_a_part_may_have_several_losses():
    """What one loss has sent back is not sent again with the next."""
    layer, batch = Recurrent(GRUCell(3, 4).double()), batch_of()
    wanted = by_bptt(layer, batch)

    def run() -> None:
        for part in RTRL(2).parts(layer, batch):
            part.backward(loss_of(part.output, part.mask, part.start))
            part.backward(sum((one.square().sum() for one in layer.parameters()), torch.zeros(())))

    penalty = [2 * one.detach() * -(-T // 2) for one in layer.parameters()]
    found = gradients(layer, run)
    torch.testing.assert_close([one - two for one, two in zip(found, penalty, strict=True)], wanted)


def test_a_loss_may_reach_into_several_parts():
    layer, batch = Recurrent(GRUCell(3, 4).double()), batch_of()

    def run() -> None:
        parts = RTRL(2).parts(layer, batch)
        torch.stack([loss_of(part.output, part.mask, part.start) for part in parts]).sum().backward()

    torch.testing.assert_close(gradients(layer, run), by_bptt(layer, batch))


def test_states_are_cut_where_sequences_have_ended():
    layer = Recurrent(LSTMCell(3, 4).double())
    for part in RTRL(2).parts(layer, batch_of(lengths=[9, 3, 5])):
        assert not any(one.requires_grad for one in state_tensors(part.state))


def test_an_initial_state_that_wants_a_gradient_is_refused():
    state = torch.ones(N, 4, dtype=torch.float64, requires_grad=True)
    with pytest.raises(OptionError, match=r"but `initial_state` wants a gradient.\n    Give it detached"):
        list(RTRL().parts(Recurrent(GRUCell(3, 4).double()), batch_of(initial_state=2 * state)))


def test_a_layer_whose_parameters_are_frozen_is_run():
    """So that what stands behind it learns."""
    layer, head = Recurrent(GRUCell(3, 4).double()), nn.Linear(4, 1).double()
    layer.requires_grad_(False)
    for part in RTRL(2).parts(layer, batch_of()):
        part.backward(head(part.output).sum())
    assert head.weight.grad is not None
    assert all(one.grad is None for one in layer.parameters())


def test_a_cell_without_parameters_sends_its_loss_to_what_reads_it():
    layer, head = Recurrent(EchoStateCell(3, 4)).double(), nn.Linear(4, 1).double()
    for part in RTRL(2).parts(layer, batch_of()):
        part.backward(head(part.output).sum())
    assert head.weight.grad is not None
    assert bool(head.weight.grad.abs().sum() > 0)
