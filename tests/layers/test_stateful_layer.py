"""`Stateful`: pieces of a stream, one call each, are one pass over it."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from elman import GRU, LSTM, Bidirectional, Recurrent, Stacked, Stateful
from elman.cells import ElmanCell, GRUCell, LSTMCell, SkipCell
from elman.cells.state import state_tensors
from elman.errors import DtypeError, OptionError, ShapeError

ANY: Callable[[object], Any] = lambda value: value  # noqa: E731 - of a wrong type on purpose
EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64 numbers of about 1
LAYERS: dict[str, Callable[[], Any]] = {
    "recurrent": lambda: Recurrent(GRUCell(3, 4)),
    "eager": lambda: Recurrent(LSTMCell(3, 4), backend="eager"),
    "torch": lambda: LSTM(3, 4, num_layers=2),
    "stack": lambda: Stacked(GRUCell(3, 4), LSTM(4, 5), ElmanCell(5, 4)),
    "learned": lambda: Recurrent(LSTMCell(3, 4), learn_initial_state=True),
}


def random_input(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> Any:
    return Stateful(LAYERS[request.param]().double())


def test_a_long_sequence_in_sixteen_chunks_is_one_pass(layer: Any):
    x = random_input(1548, 2, 3)
    pieces = [layer(piece) for piece in x.chunk(16)]
    assert len(pieces) == 16
    output, final_state = layer.layer(x)
    torch.testing.assert_close(torch.cat([piece for piece, _ in pieces]), output, **TIGHT)
    torch.testing.assert_close(pieces[-1][1], final_state, **TIGHT)
    torch.testing.assert_close(layer.state, final_state, **TIGHT)


def test_calls_without_a_gradient_and_steps_go_on_too(layer: Any):
    x = random_input(12, 2, 3)
    expected, _ = layer.layer(x)
    with torch.no_grad():
        outputs = [layer(x[:4])[0], *[layer.step(x[t])[0][None] for t in range(4, 7)], layer(x[7:])[0]]
    torch.testing.assert_close(torch.cat(outputs), expected, **TIGHT)


def test_no_gradient_reaches_the_call_before(layer: Any):
    first, second = random_input(3, 2, 3).requires_grad_(), random_input(3, 2, 3).requires_grad_()
    layer(first)
    layer(second)[0].sum().backward()
    assert first.grad is None
    assert second.grad is not None
    assert bool(second.grad.any())


def test_reset_starts_anew(layer: Any):
    x = random_input(4, 2, 3)
    fresh = layer(x)
    layer(random_input(4, 2, 3))
    layer.reset()
    assert layer.state is None
    torch.testing.assert_close(layer(x), fresh, **EXACT)


@pytest.mark.parametrize("chosen", [[1], (1, 1), torch.tensor([1]), [False, True, False]], ids=str)
def test_chosen_sequences_start_anew(layer: Any, chosen: Any):
    before, x = random_input(4, 3, 3), random_input(5, 3, 3)
    layer(before)
    layer.reset(chosen)
    output, _ = layer(x)
    continued = layer.layer(torch.cat([before, x]))[0][4:]
    torch.testing.assert_close(output[:, [0, 2]], continued[:, [0, 2]], **TIGHT)
    torch.testing.assert_close(output[:, 1], layer.layer(x)[0][:, 1], **TIGHT)


def test_resets_of_several_calls_add_up_and_hold_once():
    layer, x = Stateful(Recurrent(GRUCell(3, 4)).double()), random_input(4, 2, 3)
    layer(x)
    layer.reset([0])
    layer.reset([1])
    torch.testing.assert_close(layer(x)[0], layer.layer(x)[0], **EXACT)
    assert not torch.equal(layer(x)[0], layer.layer(x)[0])


def test_a_learned_start_is_learned_after_a_reset():
    layer = Stateful(Recurrent(GRUCell(3, 4), learn_initial_state=True))
    x = torch.randn(4, 2, 3)
    layer(x)
    layer.reset([0])
    layer(x)[0].sum().backward()
    assert layer.layer.learned_state[0].grad is not None  # pyright: ignore
    assert bool(layer.layer.learned_state[0].grad.any())  # pyright: ignore


def test_another_batch_size_is_refused_until_a_reset(layer: Any):
    layer(random_input(4, 3, 3))
    state = layer.state
    with pytest.raises(ShapeError, match=r"must have 3 sequences, .*but it has 2.\n    .*layer.reset\(\)"):
        layer(random_input(4, 2, 3))
    with pytest.raises(ShapeError, match="must have 3 sequences"):
        layer.step(random_input(2, 3))
    torch.testing.assert_close(layer.state, state, **EXACT)
    layer.reset()
    layer(random_input(4, 2, 3))


def test_each_sequence_goes_on_at_its_own_end():
    layer = Stateful(Recurrent(LSTMCell(3, 4)).double())
    first, second = random_input(5, 2, 3), random_input(3, 2, 3)
    layer(first, lengths=[5, 2])
    output, _ = layer(second)
    whole = torch.cat([first[:2, 1:], second[:, 1:]])
    torch.testing.assert_close(output[:, 1:], layer.layer(whole)[0][2:], **TIGHT)
    layer.reset()
    layer(pack_padded_sequence(first, torch.tensor([5, 2])))
    torch.testing.assert_close(layer(second)[0], output, **EXACT)


def test_a_given_state_takes_the_place_of_the_carried_one():
    layer, x = Stateful(Recurrent(GRUCell(3, 4)).double()), random_input(4, 2, 3)
    given = random_input(2, 4)
    layer(x)
    torch.testing.assert_close(layer(x, given)[0], layer.layer(x, given)[0], **EXACT)
    torch.testing.assert_close(layer.step(x[0], given)[0], layer.layer.step(x[0], given)[0], **EXACT)


def test_batch_first_counts_the_first_axis():
    layer = Stateful(GRU(3, 4, batch_first=True).double())
    x = random_input(2, 12, 3)
    pieces = [layer(piece)[0] for piece in x.split(5, dim=1)]
    torch.testing.assert_close(torch.cat(pieces, 1), layer.layer(x)[0], **TIGHT)


def test_the_state_moves_with_the_layer():
    layer = Stateful(Recurrent(LSTMCell(3, 4)))
    layer(torch.randn(4, 2, 3))
    expected = [part.double() for part in layer.state]
    layer.double()
    assert [part.dtype for part in layer.state] == [torch.float64] * 2
    torch.testing.assert_close(list(layer.state), expected, **EXACT)
    layer(random_input(4, 2, 3))
    layer.to("meta")
    assert all(part.is_meta for part in layer.state)


def test_the_state_is_no_part_of_the_state_dictionary(layer: Any):
    layer(random_input(4, 2, 3))
    assert set(layer.state_dict()) == {f"layer.{name}" for name in layer.layer.state_dict()}


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_goes_on_by_itself(layer: Any, duplicate: Any):
    x = random_input(4, 2, 3)
    layer(x)
    twin = duplicate(layer)
    torch.testing.assert_close(twin(x), layer(x), **EXACT)
    twin.reset()
    assert layer.state is not None


def test_a_call_that_fails_changes_nothing():
    layer, x = Stateful(Recurrent(GRUCell(3, 4)).double()), random_input(4, 2, 3)
    layer(x)
    layer.reset([0])
    state = layer.state
    with pytest.raises(ShapeError, match="`resets`"):
        layer(x, resets=torch.zeros(3, 2, dtype=torch.bool))
    torch.testing.assert_close(layer.state, state, **EXACT)
    assert not layer.state[0].any()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Stateful(ANY(nn.GRU(3, 4))), DtypeError, "`layer` must be a layer"),
        (lambda: Stateful(ANY(GRUCell(3, 4))), DtypeError, "`layer` must be a layer.*GRUCell"),
        (lambda: Stateful(Recurrent(GRUCell(3, 4), reverse=True)), OptionError, "reads from the end"),
        (lambda: Stateful(Bidirectional(GRUCell(3, 4))), OptionError, "reads from the end"),
        (lambda: Stateful(GRU(3, 4, bidirectional=True)), OptionError, "reads from the end"),
        (
            lambda: Stateful(Stacked(GRUCell(3, 4), Recurrent(GRUCell(4, 4), reverse=True))),
            OptionError,
            "reads from the end",
        ),
    ],
)
def test_layers_that_cannot_go_on_are_refused(make: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("chosen", "error", "words"),
    [
        ([3], ShapeError, r"in 0..2, but one is 3"),
        ([-1], ShapeError, r"in 0..2, but one is -1"),
        ([True, False], ShapeError, r"\(3,\) bools, but their shape is \(2,\)"),
        ([0.5], DtypeError, "integers or bools"),
        ("all", DtypeError, "integers or bools"),
    ],
)
def test_sequences_that_are_not_there_cannot_be_reset(chosen: Any, error: type[Exception], words: str):
    layer = Stateful(Recurrent(GRUCell(3, 4)))
    layer(torch.randn(4, 3, 3))
    with pytest.raises(error, match=words):
        layer.reset(chosen)


def test_a_learned_state_that_is_handed_on_is_carried_as_it_was():
    layer = Stateful(Recurrent(SkipCell(2, 3, delay=5), learn_initial_state=True, backend="eager"))
    layer(torch.randn(1, 2, 2))
    before = [one.clone() for one in state_tensors(layer.state)]
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter += 1
    assert all(torch.equal(*pair) for pair in zip(before, state_tensors(layer.state), strict=True))
