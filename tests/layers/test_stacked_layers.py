"""`Stacked`: layers on top of one another are their composition, written out."""

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from elman import GRU, LSTM, Bidirectional, Recurrent, Stacked, Stateful
from elman.cells import ALL_CELLS, ConvGRUCell, ElmanCell, GRUCell, LSTMCell
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers import SequenceLayer, TimeDistributed
from elman.layers.dropout import drop

ANY: Callable[[object], Any] = lambda value: value  # noqa: E731 - of a wrong type on purpose
EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64 numbers of about 1


def random_input(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def count(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())


def mixed(**options: Any) -> Stacked:
    """Layers of every kind: cells, a layer of torch.nn's, both directions, a stack."""
    inner = Stacked(LSTMCell(4, 3), GRUCell(3, 4))
    return Stacked(GRUCell(3, 4), LSTM(4, 5), Bidirectional(ElmanCell(5, 2)), inner, **options).double()


@pytest.mark.parametrize("lengths", [None, [6, 1, 4]])
def test_a_stack_is_its_layers_one_after_the_other(lengths: Any):
    stack, x = mixed(), random_input(6, 3, 3)
    resets = torch.rand(6, 3) < 0.3
    state = stack(random_input(4, 3, 3))[1]
    output, final_state = stack(x, state, lengths=lengths, resets=resets)
    expected, states = x, []
    for layer, own in zip(stack.layers, state, strict=True):
        expected, own = layer(expected, own, lengths=lengths, resets=resets)
        states.append(own)
    torch.testing.assert_close((output, final_state), (expected, tuple(states)), **EXACT)
    assert output.shape == (6, 3, stack.output_size)


def test_parameters_are_counted_as_in_the_guide_of_keras():
    stack = Stacked(GRUCell(64, 256, double_bias=True), ElmanCell(256, 128))
    assert [count(layer) for layer in stack.layers] == [247_296, 49_280]


@pytest.mark.parametrize(("cell_class", "peer_class"), [(LSTMCell, nn.LSTM), (GRUCell, nn.GRU)])
def test_a_stack_of_equal_cells_is_the_layer_of_torch(cell_class: Any, peer_class: Any):
    peer = peer_class(3, 4, num_layers=3).double()
    stack: Any = Stacked(*[cell_class(size, 4, double_bias=True) for size in (3, 4, 4)]).double()
    for number, layer in enumerate(stack.layers):
        own = {name: getattr(peer, f"{name}_l{number}") for name in layer.cell.state_dict()}
        layer.cell.load_state_dict(own)
    x = random_input(7, 2, 3)
    output, states = stack(x)
    expected, expected_states = peer(x)
    hidden = torch.stack([state[0] if isinstance(state, tuple) else state for state in states])
    torch.testing.assert_close(output, expected, **TIGHT)
    torch.testing.assert_close(
        hidden, expected_states[0] if isinstance(expected_states, tuple) else expected_states, **TIGHT
    )


@pytest.mark.parametrize("name", ALL_CELLS)
def test_every_cell_is_stacked(name: str):
    sizes = [3, ALL_CELLS[name](3, 4).output_size]
    stack = Stacked(*[ALL_CELLS[name](size, 4) for size in sizes])
    output, final_state = stack(torch.randn(5, 2, 3), lengths=[5, 2])
    assert output.shape == (5, 2, stack.output_size)
    assert len(final_state) == 2
    assert not output[2:, 1].any()


@pytest.mark.parametrize("residual", [False, True, (1,)])
def test_steps_are_one_pass(residual: Any):
    stack = Stacked(GRUCell(3, 3), LSTM(3, 3), ElmanCell(3, 3), residual=residual).double()
    x = random_input(6, 2, 3)
    whole, final_state = stack(x)
    state = None
    for t in range(6):
        output, state = stack.step(x[t], state)
        torch.testing.assert_close(output, whole[t], **TIGHT)
    torch.testing.assert_close(state, final_state, **TIGHT)


def test_two_pieces_are_one_pass():
    stack = Stacked(GRUCell(3, 4), LSTM(4, 5), LSTMCell(5, 2)).double()
    x = random_input(7, 2, 3)
    whole, final_state = stack(x)
    first, state = stack(x[:3])
    second, state = stack(x[3:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, **TIGHT)
    torch.testing.assert_close(state, final_state, **TIGHT)


def test_residual_adds_the_input_of_a_layer_to_its_output():
    stack = Stacked(ElmanCell(3, 4), GRUCell(4, 4), LSTMCell(4, 4), residual=(1, 2)).double()
    x = random_input(5, 2, 3)
    first, second, third = stack.layers
    one = first(x)[0]
    two = one + second(one)[0]
    torch.testing.assert_close(stack(x)[0], two + third(two)[0], **EXACT)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("fill", [torch.nan, torch.inf, 1e30])
def test_padding_reaches_nothing_past_a_residual_connection(fill: float, batch_first: bool):
    stack = Stacked(GRUCell(3, 3), GRUCell(3, 3), residual=True, batch_first=batch_first).double()
    lengths = torch.tensor([5, 2])
    dead = torch.arange(5)[:, None] >= lengths
    dead = (dead.T if batch_first else dead)[..., None]
    x = random_input(*dead.shape[:2], 3)
    results = []
    for value in (0.0, fill):
        padded = x.masked_fill(dead, value).requires_grad_()
        output, final_state = stack(padded, lengths=lengths)
        assert not output.masked_select(dead).any()
        leaves = [padded, *stack.parameters()]
        results.append((output, final_state, torch.autograd.grad(output.square().sum(), leaves)))
    torch.testing.assert_close(results[1], results[0], **EXACT)


def test_batch_first_transposes():
    layers = [GRUCell(3, 4), LSTMCell(4, 5)]
    stack, x = Stacked(*layers).double(), random_input(6, 2, 3)
    turned = Stacked(*copy.deepcopy(layers), batch_first=True).double()
    output, final_state = stack(x, lengths=[6, 3])
    expected = turned(x.transpose(0, 1), lengths=[6, 3])
    torch.testing.assert_close((output.transpose(0, 1), final_state), expected, **EXACT)
    torch.testing.assert_close(turned.step(x[0])[0], stack.step(x[0])[0], **EXACT)


@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_packed_sequences(enforce_sorted: bool):
    stack, lengths = mixed(residual=()), [6, 4, 2] if enforce_sorted else [2, 6, 4]
    x = random_input(6, 3, 3)
    output, final_state = stack(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=enforce_sorted))
    expected = stack(x, lengths=lengths)
    torch.testing.assert_close((pad_packed_sequence(output)[0], final_state), expected, **EXACT)


def test_dropout_is_between_layers_and_in_training_alone():
    first, second = Recurrent(GRUCell(3, 4)), Recurrent(GRUCell(4, 4))
    stack, x = Stacked(first, second, dropout=0.5), torch.randn(6, 2, 3)
    torch.manual_seed(3)
    output, _ = stack(x)
    torch.manual_seed(3)
    expected, _ = second(drop(first(x)[0], 0.5))
    torch.testing.assert_close(output, expected, **EXACT)
    assert not torch.equal(output, second(first(x)[0])[0])
    stack.eval()
    torch.testing.assert_close(stack(x)[0], second(first(x)[0])[0], **EXACT)
    closed = Stacked(first, second, dropout=1.0)
    torch.testing.assert_close(closed(x)[0], second(torch.zeros(6, 2, 4))[0], **EXACT)


def test_gradients_are_those_of_finite_differences():
    stack = Stacked(LSTMCell(2, 3), GRUCell(3, 3), residual=(1,)).double()
    x = random_input(4, 2, 2).requires_grad_()
    state = stack(random_input(2, 2, 2))[1]
    state = (state[0], state[1].detach().requires_grad_())

    def run(x: Tensor, last: Tensor) -> Tensor:
        output, final_state = stack(x, (state[0], last), lengths=[4, 2])
        return output.sum() + final_state[0][1].square().sum()

    assert torch.autograd.gradcheck(run, (x, state[1]))


def test_the_first_state_names_every_layer():
    stack = mixed()
    fresh = stack.initial_state(2)
    shapes = [
        [tuple(part.shape) for part in state] if isinstance(state, tuple) else tuple(state.shape)
        for state in (fresh[0], fresh[1])
    ]
    assert shapes == [(2, 4), [(1, 2, 5), (1, 2, 5)]]
    torch.testing.assert_close(stack(x := random_input(4, 2, 3), fresh), stack(x), **EXACT)


@pytest.mark.parametrize("rows", [[True, False], [False, True]])
def test_chosen_sequences_start_anew(rows: list[bool]):
    stack = Stacked(GRUCell(3, 4), LSTM(4, 5)).double()
    state = stack(random_input(4, 2, 3))[1]
    chosen, x = stack.reset_state(state, torch.tensor(rows)), random_input(4, 2, 3)
    output, continued, anew = stack(x, chosen)[0], stack(x, state)[0], stack(x)[0]
    for row, is_new in enumerate(rows):
        torch.testing.assert_close(output[:, row], (anew if is_new else continued)[:, row], **EXACT)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Stacked(), OptionError, "`layers` must be one or more"),
        (lambda: Stacked(GRUCell(3, 4), ANY(nn.Linear(4, 4))), DtypeError, r"`layers\[1\]` must be a layer"),
        (lambda: Stacked(ANY([GRUCell(3, 4)])), DtypeError, r"one by one: Stacked\(\*layers\)"),
        (lambda: Stacked(ANY(nn.GRU(3, 4))), DtypeError, "Take elman.GRU, which loads the same state"),
        (
            lambda: Stacked(GRUCell(3, 4), GRUCell(5, 4)),
            OptionError,
            r"layers\[1\] must read the 4 features that layers\[0\] puts out, but its input_size is 5",
        ),
        (
            lambda: Stacked(GRUCell(3, 4), GRUCell(4, 4), residual=True),
            OptionError,
            r"layers\[0\] cannot .* reads 3 features and puts out 4.\n.*residual=\(1,\)",
        ),
        (lambda: Stacked(GRUCell(3, 4), residual=(1,)), OptionError, r"`residual` .* in 0..0"),
        (lambda: Stacked(GRUCell(3, 4), residual=(True,)), OptionError, "`residual`"),
        (lambda: Stacked(GRUCell(3, 4), dropout=1.5), OptionError, "`dropout` .* 0..1"),
        (
            lambda: Stacked(GRUCell(3, 4), GRU(4, 5, batch_first=True)),
            OptionError,
            r"batch_first=False .* layers\[1\] has batch_first=True",
        ),
        (
            lambda: Stacked(Bidirectional(GRUCell(3, 4), merge="none"), GRUCell(8, 4)),
            OptionError,
            r"layers\[0\] has merge='none'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        make()


def test_a_wrong_number_of_states_is_refused():
    stack = Stacked(GRUCell(3, 4), GRUCell(4, 4))
    with pytest.raises(ShapeError, match=r"`initial_state` must be a tuple of 2 states.*\(2, 4\)"):
        stack(torch.zeros(5, 2, 3), torch.zeros(2, 4))
    with pytest.raises(ShapeError, match="`state` must be a tuple of 2 states"):
        stack.step(torch.zeros(2, 3), (torch.zeros(2, 4),))


def test_a_stack_that_reads_from_an_end_cannot_be_stepped():
    stack = Stacked(GRUCell(3, 4), Recurrent(GRUCell(4, 4), reverse=True))
    assert not stack.is_causal
    with pytest.raises(OptionError, match="reverse=True"):
        stack.step(torch.zeros(2, 3))


def test_a_stack_is_a_layer_and_keeps_its_numbers_when_saved():
    stack, other = mixed(), mixed()
    assert isinstance(stack, SequenceLayer)
    x = random_input(4, 2, 3)
    other.load_state_dict(stack.state_dict())
    torch.testing.assert_close(other(x), stack(x), **EXACT)
    assert repr(Stacked(GRUCell(3, 3), dropout=0.5, residual=True)).startswith(
        "Stacked(\n  dropout=0.5, residual=(0,)"
    )


def test_no_two_layers_share_a_parameter():
    names = [{id(parameter) for parameter in layer.parameters()} for layer in mixed().layers]
    assert all(not one & other for one, other in itertools.combinations(names, 2))


def test_layers_over_images_are_stacked_carried_and_run_from_both_ends():
    frames = TimeDistributed(nn.Conv2d(1, 2, 3, padding=1))
    stack = Stacked(frames, ConvGRUCell(2, 3), ConvGRUCell(3, 3), residual=(2,)).double()
    video = random_input(6, 2, 1, 5, 4)
    output, _ = stack(video, lengths=[6, 2])
    assert output.shape == (6, 2, 3, 5, 4)
    assert not output[2:, 1].any()
    alone, _ = stack(video[:2, 1:])
    torch.testing.assert_close(output[:2, 1:], alone, **TIGHT)
    carried = Stateful(stack)
    pieces = [carried(piece)[0] for piece in video.split(4)]
    torch.testing.assert_close(torch.cat(pieces), stack(video)[0], **TIGHT)
    carried.reset([0])
    torch.testing.assert_close(carried.step(video[0])[0][0], stack(video)[0][0, 0], **TIGHT)
    both = Bidirectional(ConvGRUCell(1, 3)).double()
    assert both(video)[0].shape == (6, 2, 6, 5, 4)
    ahead, back = (layer.cell.state_dict() for layer in (both.forward_layer, both.backward_layer))  # pyright: ignore
    assert not any(torch.equal(ahead[name], back[name]) for name in ahead if "weight" in name)


def test_indices_go_through_an_embedding_first():
    stack = Stacked(TimeDistributed(nn.Embedding(5, 3)), GRUCell(3, 4))
    carried, symbols = Stateful(stack), torch.randint(5, (7, 2))
    pieces = [carried(piece)[0] for piece in symbols.split(3)]
    torch.testing.assert_close(torch.cat(pieces), stack(symbols)[0])
