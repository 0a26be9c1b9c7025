"""`Bidirectional`: one layer from the start, one from each sequence's own end."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from elman import LSTM, Bidirectional, Cell, Recurrent, Stacked
from elman.cells import ElmanCell, GRUCell, LSTMCell
from elman.errors import DtypeError, OptionError, ShapeError

ANY: Callable[[object], Any] = lambda value: value  # noqa: E731 - of a wrong type on purpose
EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64 numbers of about 1


def random_input(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def count(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())


@pytest.mark.parametrize(("cell_class", "peer_class"), [(LSTMCell, nn.LSTM), (GRUCell, nn.GRU)])
@pytest.mark.parametrize("lengths", [[6, 6, 6], [6, 1, 4]])
def test_numbers_are_those_of_torch(cell_class: Any, peer_class: Any, lengths: list[int]):
    peer = peer_class(3, 4, bidirectional=True).double()
    layer: Any = Bidirectional(cell_class(3, 4, double_bias=True)).double()
    for direction, suffix in ((layer.forward_layer, "_l0"), (layer.backward_layer, "_l0_reverse")):
        own = {name: getattr(peer, name + suffix) for name in direction.cell.state_dict()}
        direction.cell.load_state_dict(own)
    x = random_input(6, 3, 3)
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    expected, expected_state = peer(packed)
    output, final_state = layer(x, lengths=lengths)
    torch.testing.assert_close(output, pad_packed_sequence(expected)[0], **TIGHT)
    finals = final_state if isinstance(final_state[0], Tensor) else [state[0] for state in final_state]
    hidden = expected_state[0] if isinstance(expected_state, tuple) else expected_state
    torch.testing.assert_close(torch.stack(list(finals)), hidden, **TIGHT)
    again, _ = layer(packed)
    torch.testing.assert_close(pad_packed_sequence(again)[0], output, **EXACT)


def test_parameters_are_counted_as_in_the_guide_of_keras():
    assert count(Bidirectional(LSTMCell(10, 64))) == 38_400
    assert count(Bidirectional(LSTMCell(128, 32))) == 41_216


@pytest.mark.parametrize(
    ("merge", "join"),
    [
        ("concat", lambda h, g: torch.cat([h, g], -1)),
        ("sum", lambda h, g: h + g),
        ("mul", lambda h, g: h * g),
        ("mean", lambda h, g: 0.5 * h + 0.5 * g),
    ],
)
def test_merge(merge: str, join: Any):
    layer: Any = Bidirectional(GRUCell(3, 4), merge=merge).double()
    x = random_input(6, 2, 3)
    ahead, back = Recurrent(layer.forward_layer.cell), Recurrent(layer.backward_layer.cell)
    output, _ = layer(x)
    torch.testing.assert_close(output, join(ahead(x)[0], back(x.flip(0))[0].flip(0)), **TIGHT)
    assert output.shape[-1] == layer.output_size


def test_without_a_merge_the_outputs_are_a_pair():
    layer = Bidirectional(GRUCell(3, 4), Recurrent(ElmanCell(3, 5), reverse=True), merge="none").double()
    x = random_input(6, 2, 3)
    (ahead, back), _ = layer(x, lengths=[6, 2])
    assert (ahead.shape, back.shape, layer.output_size) == ((6, 2, 4), (6, 2, 5), 9)
    packed, _ = layer(pack_padded_sequence(x, torch.tensor([6, 2])))
    torch.testing.assert_close(pad_packed_sequence(packed[1])[0], back, **EXACT)


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "mean"])
@pytest.mark.parametrize("fill", [torch.nan, torch.inf, 1e30])
def test_the_backward_pass_starts_at_the_last_valid_step(merge: str, fill: float):
    layer = Bidirectional(LSTMCell(3, 4), merge=merge).double()
    x, lengths = random_input(6, 3, 3), torch.tensor([6, 1, 4])
    dead = (torch.arange(6)[:, None] >= lengths)[..., None]
    results = []
    for value in (0.0, fill):
        padded = x.masked_fill(dead, value).requires_grad_()
        output, final_state = layer(padded, lengths=lengths)
        gradients = torch.autograd.grad(output.square().sum(), [padded, *layer.parameters()])
        assert not output.masked_select(dead).any()
        results.append((output, final_state, gradients))
    torch.testing.assert_close(results[1], results[0], **EXACT)
    for row, length in enumerate(lengths.tolist()):
        alone, _ = layer(x[:length, row : row + 1])
        torch.testing.assert_close(results[0][0][:length, row], alone[:, 0], **TIGHT)


def test_states_and_resets_go_to_each_direction():
    layer = Bidirectional(GRUCell(3, 4)).double()
    x, resets = random_input(6, 2, 3), torch.rand(6, 2) < 0.4
    state = (random_input(2, 4), random_input(2, 4))
    output, final_state = layer(x, state, resets=resets)
    for index, direction in enumerate((layer.forward_layer, layer.backward_layer)):
        expected, expected_state = direction(x, state[index], resets=resets)
        torch.testing.assert_close(output[..., 4 * index : 4 * index + 4], expected, **EXACT)
        torch.testing.assert_close(final_state[index], expected_state, **EXACT)
    torch.testing.assert_close(layer(x, layer.initial_state(2)), layer(x), **EXACT)
    chosen = layer.reset_state(state, torch.tensor([True, False]))
    assert not chosen[0][0].any()
    torch.testing.assert_close(chosen[1][1], state[1][1], **EXACT)


def test_batch_first_transposes():
    layer: Any = Bidirectional(GRUCell(3, 4), batch_first=True).double()
    plain = Bidirectional(
        Recurrent(layer.forward_layer.cell), Recurrent(layer.backward_layer.cell, reverse=True)
    )
    x = random_input(6, 2, 3)
    output, _ = layer(x.transpose(0, 1), lengths=[6, 3])
    torch.testing.assert_close(output.transpose(0, 1), plain(x, lengths=[6, 3])[0], **EXACT)


@pytest.mark.parametrize("make", [lambda: GRUCell(3, 4), lambda: Stacked(GRUCell(3, 4), LSTMCell(4, 4))])
def test_the_twin_reads_from_the_end_and_has_numbers_of_its_own(make: Any):
    layer = Bidirectional(make())
    pairs = list(zip(layer.forward_layer.parameters(), layer.backward_layer.parameters(), strict=True))
    assert all(one is not other and one.shape == other.shape for one, other in pairs)
    assert not torch.equal(pairs[0][0], pairs[0][1])
    x = torch.randn(5, 2, 3)
    (later, _) = layer(x.index_fill(0, torch.tensor(4), 1.0))
    difference = (later - layer(x)[0]).abs().amax((1, 2))
    assert bool((difference[:4] > 0).all())


def test_directions_may_differ():
    backward = Stacked(Recurrent(ElmanCell(3, 5), reverse=True), Recurrent(GRUCell(5, 2), reverse=True))
    layer = Bidirectional(Stacked(GRUCell(3, 4), LSTMCell(4, 4)), backward)
    assert layer.output_size == 6
    assert layer(torch.randn(5, 2, 3))[0].shape == (5, 2, 6)


class Undrawn(Cell):
    """Has a parameter of its own, and nothing that draws it anew."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.weight = nn.Parameter(torch.randn(hidden_size, input_size))

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = 0.5 * state + nn.functional.linear(input, self.weight)
        return state, state


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Bidirectional(ANY(nn.GRU(3, 4))), DtypeError, "`forward` must be a layer"),
        (lambda: Bidirectional(GRUCell(3, 4), ANY(1)), DtypeError, "`backward` must be a layer"),
        (lambda: Bidirectional(GRUCell(3, 4), merge="add"), OptionError, "`merge` must be one of 'concat'"),
        (lambda: Bidirectional(LSTM(3, 4)), OptionError, r"elman.LSTM\(..., bidirectional=True\)"),
        (lambda: Bidirectional(Undrawn(3, 4)), OptionError, "no twin of `forward`.*`reset_parameters`"),
        (
            lambda: Bidirectional(Recurrent(GRUCell(3, 4), reverse=True)),
            OptionError,
            "`forward` must read from the start",
        ),
        (
            lambda: Bidirectional(GRUCell(3, 4), Recurrent(GRUCell(3, 4))),
            OptionError,
            "`backward` must read from the end: give it reverse=True",
        ),
        (
            lambda: Bidirectional(GRUCell(3, 4), GRUCell(2, 4)),
            OptionError,
            "the 3 features .* input_size is 2",
        ),
        (
            lambda: Bidirectional(GRUCell(3, 4), GRUCell(3, 5), merge="sum"),
            OptionError,
            "`forward` puts out 4 features and `backward` 5",
        ),
        (
            lambda: Bidirectional(Recurrent(GRUCell(3, 4), batch_first=True)),
            OptionError,
            "batch_first=False .* `forward` has batch_first=True",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        make()


def test_calls_that_cannot_be_are_refused():
    layer = Bidirectional(GRUCell(3, 4))
    with pytest.raises(OptionError, match="needs the last time step for the first output"):
        layer.step(torch.zeros(2, 3))
    with pytest.raises(ShapeError, match=r"`initial_state` must be a pair.*\(2, 4\)"):
        layer(torch.zeros(5, 2, 3), torch.zeros(2, 4))
    with pytest.raises(OptionError, match="PackedSequence carries its own lengths"):
        layer(pack_padded_sequence(torch.zeros(5, 1, 3), torch.tensor([5])), lengths=[5])


def accuracy(layer: Any) -> float:
    """Train to name the next symbol of a random sequence; return the share that is right on a fresh one."""
    head = nn.Linear(layer.output_size, 4)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    right = torch.zeros(0)
    for _ in range(120):
        symbols = torch.randint(4, (12, 32))
        scores = head(layer(nn.functional.one_hot(symbols, 4).float())[0])[:-1]
        right = (scores.argmax(-1) == symbols[1:]).float()
        optimizer.zero_grad()
        cross_entropy(scores.flatten(0, 1), symbols[1:].flatten()).backward()
        optimizer.step()
    return right.mean().item()


def test_what_comes_next_is_known_from_the_end_alone():
    assert accuracy(Bidirectional(GRUCell(4, 16))) > 0.99
    assert accuracy(Recurrent(GRUCell(4, 16))) < 0.4  # chance is a quarter
