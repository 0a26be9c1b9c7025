"""`RNN`, `LSTM` and `GRU` stand in for those of torch.nn, and take lengths and resets."""

import copy
import itertools
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.cells import map_state
from elman.cells.state import state_tensors
from elman.errors import LengthError, OptionError, ShapeError
from elman.layers import GRU, LSTM, RNN

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
KINDS = [
    pytest.param((RNN, nn.RNN, {}), id="rnn"),
    pytest.param((RNN, nn.RNN, {"nonlinearity": "relu"}), id="rnn-relu"),
    pytest.param((LSTM, nn.LSTM, {}), id="lstm"),
    pytest.param((LSTM, nn.LSTM, {"proj_size": 2}), id="lstm-projected"),
    pytest.param((GRU, nn.GRU, {}), id="gru"),
]
OPTIONS = [
    {"num_layers": layers, "bias": bias, "bidirectional": both}
    for layers, bias, both in itertools.product((1, 2), (True, False), (False, True))
] + [{"batch_first": True}]


def pair(kind: Any, **options: Any) -> tuple[Any, nn.RNNBase]:
    """Our layer and torch's, of the same seed, in float64."""
    ours, theirs, more = kind
    made = []
    for layer_class in (ours, theirs):
        torch.manual_seed(1)
        made.append(layer_class(3, 4, **options, **more).double())
    return made[0], made[1]


def random_state(layer: nn.RNNBase, batch_size: int) -> Any:
    count = layer.num_layers * (1 + layer.bidirectional)
    widths = [layer.proj_size or layer.hidden_size, layer.hidden_size][: 1 + (layer.mode == "LSTM")]
    parts = tuple(
        torch.randn(count, batch_size, w, dtype=torch.float64, device=next(layer.parameters()).device)
        for w in widths
    )
    state = map_state(lambda part: part.requires_grad_(), parts)
    return state if layer.mode == "LSTM" else state[0]


def tensors_of(result: tuple[Any, Any]) -> list[Tensor]:
    output, final_state = result
    return [output.data if isinstance(output, PackedSequence) else output, *state_tensors(final_state)]


def assert_same(ours: Any, theirs: Any, leaves: list[list[Tensor]], atol: float = 1e-12) -> None:
    """Results agree, and so do the gradients of one random functional of all of them.

    Numbers are float64 of about 1; kernels add the terms of a product in another order than torch.
    """
    torch.testing.assert_close(tensors_of(ours), tensors_of(theirs), rtol=0, atol=atol)
    weights = [torch.randn_like(tensor) for tensor in tensors_of(ours)]
    options: dict[str, Any] = {"allow_unused": True, "materialize_grads": True, "retain_graph": True}
    gradients = [
        torch.autograd.grad(tensors_of(result), inputs, weights, **options)
        for result, inputs in zip((ours, theirs), leaves, strict=True)
    ]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=atol)


def calls(layer: nn.RNNBase, device: str) -> Iterator[tuple[Any, Any, Tensor]]:
    """Input, initial state, and the leaf behind the input: batched, packed and unbatched."""
    x = torch.randn(5, 3, 3, dtype=torch.float64, device=device, requires_grad=True)
    x_first = x.transpose(0, 1) if layer.batch_first else x
    packed = pack_padded_sequence(x, torch.tensor([2, 5, 4]), enforce_sorted=False)
    yield x_first, None, x
    yield x_first, random_state(layer, 3), x
    yield packed, None, x
    yield packed, random_state(layer, 3), x
    yield x[:, 0], None, x
    yield x[:, 0], map_state(lambda part: part[:, 0], random_state(layer, 1)), x


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_without_lengths_or_resets_it_is_torchs_layer(kind: Any, options: dict[str, Any], device: str):
    ours, theirs = (layer.to(device) for layer in pair(kind, **options))
    for x, state, leaf in calls(theirs, device):
        state_leaves = [] if state is None else state_tensors(state)
        our_result, their_result = ours(x, state), theirs(x, state)
        assert type(our_result[1]) is type(their_result[1])
        if isinstance(x, PackedSequence):
            assert isinstance(our_result[0], PackedSequence)
        leaves = [[leaf, *state_leaves, *layer.parameters()] for layer in (ours, theirs)]
        assert_same(our_result, their_result, leaves)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_parameters_are_torchs(kind: Any, options: dict[str, Any]):
    ours, theirs = pair(kind, **options)
    assert isinstance(ours, nn.RNNBase)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    torch.testing.assert_close(dict(ours.state_dict()), dict(theirs.state_dict()), **EXACT)
    for source, target in ((ours, theirs), (theirs, ours)):
        for parameter in source.parameters():
            nn.init.normal_(parameter)
        target.load_state_dict(source.state_dict(), strict=True)
        torch.testing.assert_close(list(target.parameters()), list(source.parameters()), **EXACT)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_may_stand_in_torchs_order(kind: Any):
    ours, theirs, more = kind
    rest: tuple[Any, ...] = (
        (2, "relu", False, True, 0.5, True) if ours is RNN else (2, False, True, 0.5, True)
    )
    assert repr(ours(3, 4, *rest)) == repr(theirs(3, 4, *rest))
    made = ours(3, 4, device="meta", dtype=torch.float16, **more)
    assert (made.weight_hh_l0.device.type, made.weight_hh_l0.dtype) == ("meta", torch.float16)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_lengths_are_what_packing_gives(kind: Any, options: dict[str, Any]):
    ours, theirs = pair(kind, **options)
    lengths = torch.tensor([2, 4, 1, 4])
    clean = torch.randn(5, 4, 3, dtype=torch.float64)
    x = clean.masked_fill((torch.arange(5)[:, None] >= lengths)[..., None], torch.nan).requires_grad_()
    clean.requires_grad_()
    state = random_state(theirs, 4)
    result = ours(x.transpose(0, 1) if ours.batch_first else x, state, lengths=lengths)
    packed, final_state = theirs(pack_padded_sequence(clean, lengths, enforce_sorted=False), state)
    output = pad_packed_sequence(packed, ours.batch_first, total_length=5)[0]
    leaves = [
        [leaf, *state_tensors(state), *layer.parameters()] for leaf, layer in ((x, ours), (clean, theirs))
    ]
    assert_same(result, (output, final_state), leaves)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [None, [2, 5, 4]], ids=str)
def test_resets_that_never_come_change_nothing(kind: Any, options: dict[str, Any], lengths: list[int] | None):
    ours, _ = pair(kind, **options)
    x = torch.randn(5, 3, 3, dtype=torch.float64, requires_grad=True)
    never = torch.zeros(5, 3, dtype=torch.bool)
    x_first, never = (x.transpose(0, 1), never.T) if ours.batch_first else (x, never)
    for state in (None, random_state(ours, 3)):
        leaves = [x, *([] if state is None else state_tensors(state)), *ours.parameters()]
        looped = ours(x_first, state, lengths=lengths, resets=never)
        expected = ours(x_first, state, lengths=lengths)
        assert type(looped[1]) is type(expected[1])
        assert_same(looped, expected, [leaves, leaves], atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@given(starts=st.lists(st.booleans(), min_size=6, max_size=6))
def test_one_direction_with_resets_is_the_pieces_between_them(kind: Any, starts: list[bool]):
    ours, theirs = pair(kind, num_layers=2)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    state = random_state(theirs, 2)
    output, final_state = ours(x, state, resets=torch.tensor(starts)[:, None].expand(6, 2))
    cuts = sorted({0, 6, *(t for t, start in enumerate(starts) if start)})
    pieces = [
        theirs(x[begin:end], None if starts[begin] else state) for begin, end in itertools.pairwise(cuts)
    ]
    torch.testing.assert_close(output, torch.cat([piece for piece, _ in pieces]), **TIGHT)
    torch.testing.assert_close(final_state, pieces[-1][1], **TIGHT)


@pytest.mark.parametrize("kind", KINDS)
def test_the_reverse_direction_resets_in_its_own_order(kind: Any):
    ours, theirs = pair(kind, bidirectional=True)
    width = theirs.proj_size or theirs.hidden_size
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    at_two = torch.zeros(6, 2, dtype=torch.bool)
    at_two[2] = True
    output, _ = ours(x, resets=at_two)
    pieces = [theirs(x[3:])[0], theirs(x[:3])[0]]
    torch.testing.assert_close(output[3:, :, width:], pieces[0][..., width:], **TIGHT)
    torch.testing.assert_close(output[:3, :, width:], pieces[1][..., width:], **TIGHT)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.id != "rnn-relu"])
def test_gradients_with_lengths_and_resets_agree_with_finite_differences(kind: Any):
    ours, _ = pair(kind, num_layers=2, bidirectional=True)
    resets = torch.tensor([[False, True], [True, False], [False, True]])
    state = random_state(ours, 2)
    names = [name for name, _ in ours.named_parameters()]
    count = len(state_tensors(state))

    def run(x: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        hx = tensors[:count] if count == 2 else tensors[0]
        weights = dict(zip(names, tensors[count:], strict=True))
        options = {"lengths": [3, 2], "resets": resets}
        return tuple(tensors_of(torch.func.functional_call(ours, weights, (x, hx), options)))

    x = torch.randn(3, 2, 3, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(run, (x, *state_tensors(state), *ours.parameters()), fast_mode=True)


def test_packed_sequences_take_resets():
    layer = LSTM(3, 4, bidirectional=True).double()
    x, resets = torch.randn(5, 3, 3, dtype=torch.float64), torch.rand(5, 3) < 0.4
    lengths, state = torch.tensor([2, 5, 4]), random_state(layer, 3)
    packed, final_state = layer(pack_padded_sequence(x, lengths, enforce_sorted=False), state, resets=resets)
    expected = layer(x, state, lengths=lengths, resets=resets)
    assert isinstance(packed, PackedSequence)
    torch.testing.assert_close((pad_packed_sequence(packed)[0], final_state), expected, **EXACT)


def test_dropout_acts_between_layers_in_training_alone():
    layer = GRU(3, 50, 2, dropout=0.5).double()
    x, never = torch.randn(5, 3, 3, dtype=torch.float64), torch.zeros(5, 3, dtype=torch.bool)
    trained, trained_state = layer(x, resets=never)
    expected, expected_state = layer.eval()(x)
    torch.testing.assert_close(layer(x, resets=never)[0], expected, **TIGHT)
    torch.testing.assert_close(trained_state[0], expected_state[0], **TIGHT)
    assert not torch.allclose(trained, expected)
    assert trained.all()  # nothing is dropped behind the last layer


def test_resets_leave_the_random_numbers_alone():
    layer, x = LSTM(3, 4), torch.randn(5, 3, 3)
    before = torch.get_rng_state()
    layer(x, resets=torch.ones(5, 3, dtype=torch.bool))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_pickles_compute_the_same(kind: Any):
    layer, _ = pair(kind, num_layers=2)
    x, resets = torch.randn(4, 2, 3, dtype=torch.float64), torch.rand(4, 2) < 0.5
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        torch.testing.assert_close(twin(x), layer(x), **EXACT)
        torch.testing.assert_close(twin(x, resets=resets), layer(x, resets=resets), **EXACT)


def test_a_batch_of_none_has_empty_results():
    nothing = torch.zeros(0, dtype=torch.int64)
    for options in ({}, {"resets": torch.zeros(5, 0, dtype=torch.bool)}):
        output, final_state = GRU(3, 4)(torch.zeros(5, 0, 3), lengths=nothing, **options)
        assert (output.shape, final_state.shape) == ((5, 0, 4), (1, 0, 4))


def test_lengths_on_a_layer_without_gradients():
    layer = RNN(3, 4).requires_grad_(False)
    assert not layer(torch.randn(5, 2, 3), lengths=[5, 2])[0].requires_grad


@pytest.mark.parametrize("extra", [{}, {"resets": torch.zeros(4, 2, dtype=torch.bool)}], ids=["", "resets"])
def test_what_is_refused(extra: dict[str, Any]):
    layer = LSTM(3, 4)
    x = torch.zeros(4, 2, 3)
    with pytest.raises(LengthError, match=r"at least one time step, but lengths\[1\] = 0"):
        layer(x, lengths=[4, 0], **extra)
    with pytest.raises(ShapeError, match=r"batch of one: input.unsqueeze\(1\)"):
        layer(x[:, 0], lengths=[4], **extra)
    with pytest.raises(RuntimeError, match=r"Expected hidden\[0\] size \(1, 2, 4\), got \[1, 3, 4\]"):
        layer(x, (torch.zeros(1, 3, 4),) * 2, lengths=[4, 2], **extra)
    with pytest.raises(OptionError, match="carries its own lengths"):
        layer(pack_padded_sequence(x, torch.tensor([4, 4])), lengths=[4, 4], **extra)


def test_resets_of_the_wrong_shape_are_refused():
    with pytest.raises(ShapeError, match=r"\(N, T\) = \(4, 2\), like the input, but it has shape \(2, 4\)"):
        GRU(3, 4, batch_first=True)(torch.zeros(4, 2, 3), resets=torch.zeros(2, 4, dtype=torch.bool))


def test_an_unknown_nonlinearity_is_refused():
    with pytest.raises(OptionError) as caught:
        RNN(3, 4, nonlinearity="sigmoid")
    assert str(caught.value) == "`nonlinearity` must be one of 'tanh', 'relu', but it is 'sigmoid'."


def test_torchs_warning_about_dropout_stays():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LSTM(3, 4, dropout=0.5)
    assert "num_layers greater than 1" in str(caught[0].message)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_one_after_the_other_are_those_of_torch(kind: Any):
    """The second call of a shape takes a shorter way; it sees other weights, states and layouts."""
    ours, theirs = pair(kind)
    with torch.no_grad():
        for turn in range(4):
            state = random_state(theirs, 2)
            for _ in range(3):
                x = torch.randn(2, 1, 3, dtype=torch.float64).transpose(0, 1)
                (output, state), expected = ours(x, state), theirs(x, state)
                torch.testing.assert_close((output, state), expected, **TIGHT)
            layers: tuple[Any, Any] = ours, theirs
            for layer in layers:
                torch.manual_seed(turn)
                layer.weight_hh_l0 = torch.nn.Parameter(torch.randn_like(layer.weight_hh_l0))
                layer.weight_ih_l0.data = torch.randn_like(layer.weight_ih_l0).t().contiguous().t()
        wrong = map_state(lambda part: part.expand(2, -1, -1), random_state(theirs, 2))
        with pytest.raises(RuntimeError, match="Expected hidden"):
            ours(torch.randn(1, 2, 3, dtype=torch.float64), wrong)
