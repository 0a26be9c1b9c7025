"""What training will take: bytes are counted exactly, the clock is read from shorter passes."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from elman.cells import EchoStateCell, ElmanCell, GRUCell, IndRNNCell, LSTMCell
from elman.errors import OptionError
from elman.layers import GRU, LSTM, Bidirectional, Recurrent, Stacked
from elman.training import (
    BPTT,
    RTRL,
    TBPTT,
    PerStep,
    SequenceBatch,
    largest_hidden_size,
    largest_length,
    plan,
)
from elman.training.planning import timing
from elman.training.planning.memory import CallCounter, largest
from elman.training.planning.planner import Planner
from elman.training.planning.shapes import make_network
from elman.training.planning.timing import extended

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "layers of torch": lambda: LSTM(3, 16, num_layers=2, bidirectional=True, dropout=0.2),
    "batch first": lambda: GRU(3, 16, batch_first=True),
    "one cell": lambda: Recurrent(GRUCell(3, 5).double()),
    "a plain loop": lambda: Recurrent(GRUCell(3, 5), backend="eager"),
    "a stack": lambda: Stacked(GRUCell(3, 5), LSTMCell(5, 7), dropout=0.1),
    "both directions": lambda: Stacked(Bidirectional(GRUCell(3, 5)), ElmanCell(10, 4)),
}


def call(layer: nn.Module, num_steps: int, memory: int | None = None) -> int:
    """Run a layer over four sequences; return the bytes of all that is then kept, but for weights."""
    shape = (4, num_steps, 3) if getattr(layer, "batch_first", False) else (num_steps, 4, 3)
    input = torch.randn(shape, dtype=next(layer.parameters()).dtype)
    layer(input[:1, :1])  # records the cells
    kept = [input]
    hooks = torch.autograd.graph.saved_tensors_hooks(kept.append, lambda nothing: nothing)
    with BPTT(memory), hooks:
        kept.append(layer(input)[0])
    own = {p.untyped_storage().data_ptr() for p in layer.parameters()}
    found = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in kept}
    return sum(size for address, size in found.items() if address not in own)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_what_autograd_keeps_is_foretold_to_the_byte(make: Callable[[], nn.Module]):
    layer = make()
    counter = CallCounter(layer, batch_size=4)
    for num_steps in (1, 9, 300):
        need = counter.need(num_steps)
        assert need.kept + need.tensors == call(layer, num_steps)


@pytest.mark.parametrize("name", ["layers of torch", "one cell", "a stack", "both directions"])
def test_within_a_budget_too(name: str):
    layer = LAYERS[name]()
    counter = CallCounter(layer, batch_size=4)
    least = counter.least(2000)
    for budget in (least, 3 * least):
        need = counter.need(2000, budget)
        assert need.kept + need.tensors == call(layer, 2000, budget)
        assert need.kept + need.work <= budget
    with pytest.raises(OptionError, match="is too small for the gradient of 2000 time steps"):
        counter.need(2000, least - 1)
    with pytest.raises(OptionError, match="`memory` is too small"):
        call(layer, 2000, least - 1)


def test_weights_gradients_and_moments_are_those_of_torch():
    layer = LSTM(3, 8)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.randn(5, 2, 3))[0].sum().backward()
    optimizer.step()
    moments = [t for one in optimizer.state.values() for t in one.values() if t.dim()]
    for name, num_bytes in {"adam": sum(t.nbytes for t in moments), "sgd": 0}.items():
        memory = plan(layer, 5, 2, methods=[BPTT()], optimizer=name, is_timed=False)[0].memory
        assert memory is not None
        # 4 gates of 8 units: 3 + 8 weights and 2 biases each, 4 bytes a number.
        assert memory.parameters == memory.gradients == 4 * 8 * (3 + 8 + 2) * 4
        assert memory.optimizer == num_bytes


def test_truncation_keeps_a_segment_and_the_whole_input():
    layer = Recurrent(GRUCell(3, 5))
    planner = Planner(layer, batch_size=4)
    segment, whole = planner.memory(BPTT(), 50), planner.memory(TBPTT(50), 1000)
    assert (whole.kept, whole.work) == (segment.kept, segment.work)
    assert whole.buffers - segment.buffers == 950 * 4 * 3 * 4  # steps, sequences, features, bytes
    window = planner.memory(TBPTT(50, window=200), 1000)
    assert window.kept == 4 * segment.kept
    assert planner.memory(TBPTT(2000), 1000) == planner.memory(BPTT(), 1000)
    assert planner.memory(PerStep(), 1000) == planner.memory(TBPTT(1), 1000)


@pytest.mark.parametrize("cell", [ElmanCell(3, 5), IndRNNCell(3, 5)])
@pytest.mark.parametrize(("every", "copies"), [(1, 3), (5, 4)])
def test_rtrl_carries_the_state_by_the_parameters(cell: nn.Module, every: int, copies: int):
    layer = Recurrent(cell)  # pyright: ignore[reportArgumentType]
    walk = RTRL(every).walk(layer)
    next(walk.through(SequenceBatch(torch.randn(10, 4, 3))))
    carried = walk.sensitivity.numbers.nbytes  # pyright: ignore
    planner = Planner(layer, batch_size=4)
    lengths = (10, 10_000)
    kept = [planner.memory(RTRL(every), T).kept - planner.memory(TBPTT(every), T).kept for T in lengths]
    assert kept == [copies * carried] * 2


def test_rtrl_of_a_network_too_large_for_it_is_planned_at_once():
    rows = plan(Recurrent(LSTMCell(64, 2048)), 100, 16, methods=[RTRL()])
    assert rows[0].memory is not None
    assert rows[0].memory.kept > 10**12
    assert rows[0].seconds is None


def test_a_budget_is_chosen_that_makes_all_fit():
    layer = LSTM(8, 16)
    rows = plan(layer, 5000, 4, memory="6MB", is_timed=False)
    assert [type(row.method) for row in rows] == [BPTT, BPTT, TBPTT, PerStep, RTRL]
    assert [row.fits for row in rows] == [False, True, True, True, False]
    budgeted = rows[1]
    assert budgeted.memory is not None
    assert budgeted.memory.total <= 6_000_000
    with budgeted.method:  # pyright: ignore[reportGeneralTypeIssues]
        layer(torch.randn(5000, 4, 8))[0].sum().backward()
    assert "RTRL needs one elman.Recurrent" in str(rows[-1].refusal)


def test_what_no_budget_helps_is_said():
    (_, row, *_) = plan(LSTM(8, 16), 5000, 4, memory="3MB", is_timed=False)
    least = Planner(LSTM(8, 16), 4)
    assert str(row.refusal).startswith("5000 time steps of a batch of 4 take ")
    named = 1000 * int(str(row.refusal).split(" take ")[1].split(" kB")[0])
    assert least.fits(BPTT(1), 5000, named)
    assert not least.fits(BPTT(1), 5000, named - 1000)
    loop = Recurrent(GRUCell(3, 5), backend="eager")
    (_, row, *_) = plan(loop, 5000, 4, memory="3MB", is_timed=False)
    assert row.refusal == "a budget is a matter of machine code, and this layer runs as a plain loop."


@pytest.mark.parametrize("method", [BPTT(), BPTT("9MB"), TBPTT(100)])
def test_one_step_more_than_the_longest_does_not_fit(method: BPTT | TBPTT):
    layer = LSTM(8, 16)
    longest = largest_length(layer, 4, memory="9MB", method=method)
    planner = Planner(layer, 4)
    assert longest > 100
    assert planner.fits(method, longest, 9_000_000)
    assert not planner.fits(method, longest + 1, 9_000_000)


def test_the_largest_network_is_found_without_making_larger_ones():
    made = []

    def make(hidden_size: int) -> nn.Module:
        layer = GRU(8, hidden_size)
        if not next(layer.parameters()).is_meta:
            made.append(hidden_size)
        return layer

    found = largest_hidden_size(make, 50, 4, memory="4MB")
    totals = [Planner(GRU(8, size), 4).memory(BPTT(), 50).total for size in (found, found + 1)]
    assert totals[0] <= 4_000_000 < totals[1]
    assert max(made) <= 2 * found


def test_nothing_fits_into_too_little():
    with pytest.raises(OptionError, match="not even one time step fits into `memory`, which is 1 kB"):
        largest_length(LSTM(8, 16), 4, memory="1kB")
    with pytest.raises(OptionError, match="not even one unit fits into `memory`, which is 10 B"):
        largest_hidden_size(lambda size: GRU(8, size), 50, 4, memory=10)


def test_bisection_ends_at_the_limit():
    assert [largest(lambda n, top=top: n <= top, 100) for top in (0, 1, 2, 63, 64, 99, 100, 101)] == [
        *(0, 1, 2, 63, 64, 99, 100, 100)
    ]


def test_time_goes_on_along_a_line():
    assert extended([(10, 1.0), (40, 2.5)], 100) == pytest.approx(5.5)  # 0.05 a step
    assert extended([(40, 2.0)], 100) == pytest.approx(5.0)
    assert extended([(10, 2.0), (40, 1.0)], 100) == 1.0  # a hiccup of the clock


@pytest.mark.parametrize("method", [BPTT(), BPTT("700kB"), TBPTT(20), TBPTT(20, window=30), RTRL(every=5)])
def test_a_pass_is_timed_with_the_schedule(method: BPTT, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timing, "SECONDS", 0.0)
    (row,) = plan(Recurrent(GRUCell(2, 3)), 500, 2, methods=[method])
    assert row.refusal is None
    assert row.seconds is not None
    assert row.seconds > 0


def test_the_layer_and_the_random_numbers_are_left_alone():
    torch.manual_seed(3)
    layer = LSTM(2, 4, num_layers=2, dropout=0.5)
    before, random = copy.deepcopy(layer.state_dict()), torch.get_rng_state()
    plan(layer, 40, 2, methods=[BPTT(), TBPTT(5)])
    assert torch.equal(torch.get_rng_state(), random)
    assert all(p.grad is None for p in layer.parameters())
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_steps": 0}, "`num_steps` must be a positive integer, but it is 0"),
        ({"batch_size": True}, "`batch_size` must be a positive integer, but it is True"),
        ({"optimizer": "lion"}, "`optimizer` must be one of 'adam', 'adamw'"),
        ({"memory": "much"}, "`memory` must be a size such as"),
        ({"layer": nn.Linear(2, 3)}, "`layer` must be a layer over sequences with an `input_size`"),
    ],
)
def test_what_cannot_be_planned_is_refused(options: dict, said: str):
    with pytest.raises(OptionError, match=said):
        plan(**({"layer": LSTM(2, 3), "num_steps": 5, "batch_size": 2} | options), is_timed=False)


def test_a_network_is_made_of_a_name():
    assert isinstance(make_network("GRUCell", 3, 5, 1), Recurrent)
    deep = make_network("lstm", 3, 5, 2)
    assert sum(p.numel() for p in deep.parameters()) == 4 * 5 * (3 + 5 + 1) + 4 * 5 * (5 + 5 + 1)
    with pytest.raises(OptionError, match="There is no cell called 'lstn'"):
        make_network("lstn", 3, 5, 1)
    with pytest.raises(OptionError, match="`num_layers` must be a positive integer"):
        make_network("lstm", 3, 5, 0)


def test_what_is_not_trained_has_no_plan():
    with pytest.raises(OptionError, match="Recurrent has no parameter that is trained"):
        plan(Recurrent(EchoStateCell(3, 5)), 10, 2)
