"""One layer takes sequences of any length, alone or in any batch, however they are padded."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence

from elman import GRU, LSTM, RNN, Bidirectional, Recurrent, Stacked, Stateful
from elman.cells import ElmanCell, GRUCell, LSTMCell
from elman.cells.state import map_state, state_tensors
from elman.errors import DtypeError, LengthError, OptionError, ShapeError
from elman.layers import align_left, align_right

ANY: Callable[[object], Any] = lambda value: value  # noqa: E731 - of a wrong type on purpose
EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64 numbers of about 1
LENGTHS = [9, 1, 4, 9, 6]
LAYERS: dict[str, Callable[[], Any]] = {
    "elman": lambda: Recurrent(ElmanCell(3, 4)),
    "lstm": lambda: Recurrent(LSTMCell(3, 4), reverse=True),
    "gru, eager": lambda: Recurrent(GRUCell(3, 4), backend="eager"),
    "learned": lambda: Recurrent(GRUCell(3, 4), learn_initial_state=True),
    "stack": lambda: Stacked(GRUCell(3, 3), LSTM(3, 4, 2), ElmanCell(4, 4), residual=(0, 2)),
    "both ends": lambda: Bidirectional(LSTMCell(3, 4)),
    "both ends of stacks": lambda: Bidirectional(Stacked(GRUCell(3, 4), LSTMCell(4, 4)), merge="mul"),
    "torch rnn": lambda: RNN(3, 4, num_layers=2),
    "torch gru": lambda: GRU(3, 4, bidirectional=True),
}


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> Any:
    return LAYERS[request.param]().double()


def sequences() -> list[Tensor]:
    return [torch.randn(length, 3, dtype=torch.float64) for length in LENGTHS]


def padding(lengths: list[int], num_steps: int) -> Tensor:
    """Where there is none, (T, N, 1)."""
    return (torch.arange(num_steps)[:, None] >= torch.tensor(lengths))[..., None]


def row_of(layer: Any, state: Any, row: int) -> Any:
    """The state of one sequence; that of torch.nn's layers has the batch as its second axis."""
    if isinstance(layer, Stacked):
        return tuple([row_of(*pair, row) for pair in zip(layer.layers, state, strict=True)])
    if isinstance(layer, nn.RNNBase):
        return map_state(lambda part: part[:, row : row + 1], state)
    return map_state(lambda part: part[row : row + 1], state)


def test_a_sequence_alone_has_the_numbers_that_it_has_in_any_batch(layer: Any):
    given = sequences()
    output, final_state = layer(pad_sequence(given), lengths=LENGTHS)
    few, _ = layer(pad_sequence(given[1:3], padding_value=7.0), lengths=LENGTHS[1:3])
    for row, sequence in enumerate(given):
        alone, own_state = layer(sequence[:, None])
        torch.testing.assert_close(output[: len(sequence), row], alone[:, 0], **TIGHT)
        torch.testing.assert_close(row_of(layer, final_state, row), own_state, **TIGHT)
        if row in (1, 2):
            torch.testing.assert_close(few[: len(sequence), row - 1], alone[:, 0], **TIGHT)


@pytest.mark.parametrize("fill", [torch.nan, torch.inf, -torch.inf, 1e30])
@pytest.mark.parametrize("more", [0, 3])
def test_padding_reaches_no_output_no_loss_and_no_gradient(layer: Any, fill: float, more: int):
    clean = pad_sequence(sequences())
    results = []
    for value, rows in ((0.0, 0), (fill, more)):
        x = torch.cat([clean, clean.new_zeros(rows, 5, 3)])
        dead = padding(LENGTHS, len(x))
        x = x.masked_fill(dead, value).requires_grad_()
        output, final_state = layer(x, lengths=LENGTHS)
        assert not output.masked_select(dead).any()
        loss = output.square().sum() + sum(part.sum() for part in state_tensors(final_state))
        gradient, *gradients = torch.autograd.grad(loss, [x, *layer.parameters()])
        assert not gradient.masked_select(dead).any()
        results.append((output[:9], final_state, loss, gradient[:9], gradients))
    torch.testing.assert_close(results[1], results[0], **EXACT)


@pytest.mark.parametrize("fill", [torch.nan, torch.inf, 1e30])
@pytest.mark.parametrize("batch_first", [False, True])
def test_sequences_that_are_padded_on_the_left(layer: Any, fill: float, batch_first: bool):
    given, results = sequences(), []
    for value, side in ((0.0, "right"), (fill, "left")):
        padded = pad_sequence(given, padding_value=value, padding_side=side)
        padded = (padded.transpose(0, 1) if batch_first else padded).requires_grad_()
        x = align_left(padded, LENGTHS, batch_first=batch_first) if side == "left" else padded
        x = x.transpose(0, 1) if batch_first else x
        output, final_state = layer(x, lengths=LENGTHS)
        gradient, *gradients = torch.autograd.grad(output.square().sum(), [padded, *layer.parameters()])
        results.append((output, final_state, gradients))
        if side == "left":
            back = align_right(output, LENGTHS)
            for row, length in enumerate(LENGTHS):
                torch.testing.assert_close(back[9 - length :, row], output[:length, row], **EXACT)
                assert not back[: 9 - length, row].any()
                assert not (gradient[row] if batch_first else gradient[:, row])[: 9 - length].any()
            assert gradient.isfinite().all()
    torch.testing.assert_close(results[1], results[0], **EXACT)


def test_packed_sequences_are_the_same_sequences(layer: Any):
    given = sequences()
    expected = layer(pad_sequence(given), lengths=LENGTHS)
    output, final_state = layer(pack_sequence(given, enforce_sorted=False))
    torch.testing.assert_close((pad_packed_sequence(output)[0], final_state), expected, **EXACT)


def test_alignment_moves_sequences_and_nothing_else():
    left = torch.tensor([[9, 9, 1], [9, 1, 2], [1, 2, 3]])  # the time from the top, a sequence each column
    lengths = [1, 2, 3]
    right = torch.tensor([[1, 1, 1], [0, 2, 2], [0, 0, 3]])
    assert align_left(left, lengths).equal(right)
    assert align_right(right, lengths).equal(left.masked_fill(left == 9, 0))
    assert align_left(left.T, lengths, batch_first=True).equal(right.T)
    assert align_left(left[..., None, None], torch.tensor(lengths)).equal(right[..., None, None])
    assert align_left(left[:, :0], []).shape == (3, 0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: align_left(torch.zeros(4), [4]), ShapeError, r"`input` must have shape \(T, N, \.\.\.\)"),
        (lambda: align_right(torch.zeros(4), [4], batch_first=True), ShapeError, r"`output` .* \(N, T, "),
        (lambda: align_left(torch.zeros(4, 2), [4, 5]), LengthError, r"lengths\[1\] = 5"),
        (lambda: align_left(torch.zeros(4, 2), [0, 4]), LengthError, r"lengths\[0\] = 0"),
        (lambda: align_left(torch.zeros(4, 2), [4]), ShapeError, "`lengths` must have shape"),
        (lambda: align_left(ANY([[1.0]]), [1]), DtypeError, "`input` must be a tensor"),
        (lambda: align_left(torch.zeros(4, 2), [4, 4], batch_first=ANY(1)), OptionError, "`batch_first`"),
    ],
)
def test_what_cannot_be_aligned_is_refused(call: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("cell_class", [ElmanCell, LSTMCell, GRUCell])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_reverse_is_forward_on_what_is_turned_round(cell_class: Any, lengths: Any):
    cell = cell_class(3, 4).double()
    x = pad_sequence(sequences())
    ends = lengths or [9] * 5
    turned = pad_sequence([x[:length, row].flip(0) for row, length in enumerate(ends)])
    output, final_state = Recurrent(cell, reverse=True)(x, lengths=lengths)
    expected, expected_state = Recurrent(cell)(turned, lengths=lengths)
    for row, length in enumerate(ends):
        torch.testing.assert_close(output[:length, row], expected[:length, row].flip(0), **TIGHT)
    torch.testing.assert_close(final_state, expected_state, **TIGHT)


@pytest.mark.parametrize("cell_class", [ElmanCell, LSTMCell, GRUCell])
@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_the_loop_is_the_unrolled_graph(cell_class: Any, backend: str):
    """The graph that one writes down step by step, as in a figure, gives the numbers and the gradients."""
    cell = cell_class(3, 4).double()
    layer = Recurrent(cell, backend=backend)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    state, outputs = cell.initial_state(2), []
    for step in x:
        output, state = cell(step, state)
        outputs.append(output)
    results = []
    for output, final_state in ((torch.stack(outputs), state), layer(x)):
        loss = output.square().sum() + state_tensors(final_state)[0].sum()
        results.append((output, final_state, torch.autograd.grad(loss, list(cell.parameters()))))
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=1e-11)  # a gradient sums over all steps


def latches(num_steps: int, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs that are mostly 0, and the sign of the last one that was not, (T, N, 1) each."""
    x = torch.randint(2, (num_steps, len(lengths), 1)).float() * 2 - 1
    silent = torch.rand(num_steps, len(lengths), 1) < 0.8
    silent[0] = False
    x = x.masked_fill(silent, 0)
    target = x.clone()
    for t in range(1, num_steps):
        target[t] = torch.where(x[t] == 0, target[t - 1], x[t])
    return x.masked_fill(padding(lengths.tolist(), num_steps), torch.nan), target


def test_trained_on_five_to_twenty_steps_and_run_on_one_and_on_five_hundred():
    layer, head = Recurrent(GRUCell(1, 8)), nn.Linear(8, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.03)
    count = sum(parameter.numel() for parameter in layer.parameters())
    for _ in range(150):
        lengths = torch.randint(5, 21, (32,))
        x, target = latches(20, lengths)
        output, _ = layer(x, lengths=lengths)
        losses = nn.functional.softplus(-target * head(output))
        optimizer.zero_grad()
        losses.masked_fill(padding(lengths.tolist(), 20), 0).sum().div(lengths.sum()).backward()
        optimizer.step()
    for num_steps in (1, 500):
        x, target = latches(num_steps, torch.full((64,), num_steps))
        assert ((head(layer(x)[0]) > 0) == (target > 0)).float().mean() > 0.99
    assert count == 3 * (8 * 1 + 8 * 8 + 8)  # whatever the length


def test_a_long_stream_in_pieces_is_one_pass():
    layer = Stateful(Stacked(GRUCell(3, 4), LSTMCell(4, 5)).double())
    x = torch.randn(500, 2, 3, dtype=torch.float64)
    pieces = torch.cat([layer(piece)[0] for piece in x.split(37)])
    torch.testing.assert_close(pieces, layer.layer(x)[0], **TIGHT)
