"""`Recurrent`: the laws of running a cell over sequences."""

import copy
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from elman.cells import ALL_CELLS, Cell, ElmanCell, GRUCell, LSTMCell, map_state
from elman.errors import EagerWarning
from elman.layers import Recurrent

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
CELLS = list(ALL_CELLS.values())
TIGHT = {"rtol": 0, "atol": 1e-12}


class Narrow(Cell):
    """A cell whose output has another width than its state."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.output_size = 1

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return input[:, :1], state


def as_tuple(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def random_input(*shape: int, **options: Any) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, **options)


def random_state(cell: Cell, batch_size: int) -> Any:
    return map_state(lambda part: torch.randn_like(part, requires_grad=True), cell.initial_state(batch_size))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("cell_class", "peer_class"), [(ElmanCell, nn.RNN), (LSTMCell, nn.LSTM), (GRUCell, nn.GRU)]
)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 7, 5), (63, 1, 64), (63, 7, 5)], ids=str)
def test_numbers_and_gradients_are_those_of_torch(cell_class: Any, peer_class: Any, sizes: Any, device: str):
    num_steps, batch_size, hidden_size = sizes
    peer = peer_class(3, hidden_size).double().to(device)
    layer = Recurrent(cell_class(3, hidden_size, double_bias=True)).double().to(device)
    layer.cell.load_state_dict({name.removesuffix("_l0"): value for name, value in peer.state_dict().items()})
    x = random_input(num_steps, batch_size, 3, requires_grad=True, device=device)
    state = random_state(layer.cell, batch_size)
    output, final_state = layer(x, state)
    expected, expected_state = peer(x, map_state(lambda part: part[None], state))
    torch.testing.assert_close(output, expected, **TIGHT)
    torch.testing.assert_close(final_state, map_state(lambda part: part[0], expected_state), **TIGHT)
    weight = torch.randn_like(output)
    leaves = (x, *as_tuple(state))
    gradients = torch.autograd.grad((weight * output).sum(), (*leaves, *layer.parameters()))
    peer_gradients = torch.autograd.grad((weight * expected).sum(), (*leaves, *peer.parameters()))
    torch.testing.assert_close(gradients, peer_gradients, rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell_class", CELLS)
@given(cut=st.integers(1, 6), seed=st.integers(0, 99))
def test_two_pieces_are_one_pass(cell_class: Any, cut: int, seed: int):
    torch.manual_seed(seed)
    layer = Recurrent(cell_class(2, 3)).double()
    x = random_input(7, 2, 2)
    whole, final_state = layer(x)
    first, state = layer(x[:cut])
    second, state = layer(x[cut:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, **TIGHT)
    torch.testing.assert_close(state, final_state, **TIGHT)


@pytest.mark.parametrize("cell_class", CELLS)
def test_steps_are_one_pass(cell_class: Any):
    for batch_first in (False, True):
        layer = Recurrent(cell_class(2, 3), batch_first=batch_first).double()
        x = random_input(7, 2, 2)
        whole, final_state = layer(x.transpose(0, 1) if batch_first else x)
        state = None
        for t in range(7):
            output, state = layer.step(x[t], state)
            torch.testing.assert_close(output, whole[:, t] if batch_first else whole[t], **TIGHT)
        torch.testing.assert_close(state, final_state, **TIGHT)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell_class", CELLS)
@given(data=st.data(), num_steps=st.integers(1, 5), batch_size=st.integers(1, 4))
def test_padding_changes_no_number_and_no_gradient(
    cell_class: Any, reverse: bool, data: st.DataObject, num_steps: int, batch_size: int
):
    lengths = data.draw(st.lists(st.integers(1, num_steps), min_size=batch_size, max_size=batch_size))
    layer = Recurrent(cell_class(2, 3), reverse=reverse).double()
    dead = torch.arange(num_steps)[:, None] >= torch.tensor(lengths)
    clean = random_input(num_steps, batch_size, 2).masked_fill(dead[..., None], 0)
    results = []
    for fill, more in [(0.0, 0), (torch.nan, 0), (torch.inf, 2)]:
        padding = torch.full((more, batch_size, 2), fill, dtype=torch.float64)
        x = torch.cat([clean.masked_fill(dead[..., None], fill), padding]).requires_grad_()
        output, final_state = layer(x, lengths=lengths)
        loss = output.square().sum() + sum(part.sum() for part in as_tuple(final_state))
        gradient, *gradients = torch.autograd.grad(loss, [x, *layer.parameters()])
        assert not output[num_steps:].any()
        assert not output[:num_steps][dead].any()
        assert not gradient[num_steps:].any()
        assert not gradient[:num_steps][dead].any()
        results.append((output[:num_steps], final_state, gradient[:num_steps], gradients))
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)
    torch.testing.assert_close(results[2], results[0], rtol=0, atol=0)


@given(order=st.permutations(range(4)), reverse=st.booleans())
def test_permuting_the_batch_permutes_the_result(order: list[int], reverse: bool):
    layer = Recurrent(LSTMCell(2, 3), reverse=reverse).double()
    x, state = random_input(5, 4, 2), random_state(layer.cell, 4)
    lengths, resets = torch.tensor([5, 2, 3, 2]), torch.rand(5, 4) < 0.4
    output, final_state = layer(x, state, lengths=lengths, resets=resets)
    moved = map_state(lambda part: part[order], state)
    permuted = layer(x[:, order], moved, lengths=lengths[order], resets=resets[:, order])
    torch.testing.assert_close(permuted[0], output[:, order], **TIGHT)
    torch.testing.assert_close(permuted[1], map_state(lambda part: part[order], final_state), **TIGHT)


@pytest.mark.parametrize("cell_class", CELLS)
def test_reverse_reads_the_flipped_sequence(cell_class: Any):
    cell = cell_class(2, 3).double()
    x = random_input(5, 4, 2)
    output, final_state = Recurrent(cell, reverse=True)(x)
    flipped, expected_state = Recurrent(cell)(x.flip(0))
    torch.testing.assert_close(output, flipped.flip(0), **TIGHT)
    torch.testing.assert_close(final_state, expected_state, **TIGHT)


def test_batch_first_transposes_input_output_and_resets():
    cell = GRUCell(2, 3).double()
    x, resets = random_input(5, 4, 2), torch.rand(5, 4) < 0.4
    options = {"lengths": torch.tensor([5, 1, 3, 2], dtype=torch.int32)}
    output, final_state = Recurrent(cell)(x, resets=resets, **options)
    transposed = Recurrent(cell, batch_first=True)(x.transpose(0, 1), resets=resets.T, **options)
    torch.testing.assert_close(transposed, (output.transpose(0, 1), final_state), rtol=0, atol=0)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_packed_sequences(batch_first: bool, reverse: bool, enforce_sorted: bool):
    layer = Recurrent(LSTMCell(2, 3), reverse=reverse, batch_first=batch_first).double()
    lengths = [5, 3, 3, 2] if enforce_sorted else [3, 5, 2, 3]
    x, state = random_input(5, 4, 2), random_state(layer.cell, 4)
    resets = torch.rand(5, 4) < 0.3
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=enforce_sorted)
    arguments = (x.transpose(0, 1), resets.T) if batch_first else (x, resets)
    expected, expected_state = layer(arguments[0], state, lengths=lengths, resets=arguments[1])
    output, final_state = layer(packed, state, resets=arguments[1])
    assert isinstance(output, PackedSequence)
    for name in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        assert getattr(output, name) is getattr(packed, name)
    padded, came = nn.utils.rnn.pad_packed_sequence(output, batch_first)
    torch.testing.assert_close((padded, final_state), (expected, expected_state), rtol=0, atol=0)
    assert came.tolist() == lengths


def test_a_batch_of_none_has_empty_results_as_in_torch():
    nothing = torch.zeros(0, dtype=torch.int64)
    output, final_state = Recurrent(GRUCell(2, 3))(torch.zeros(5, 0, 2), lengths=nothing)
    assert output.shape == (5, 0, 3)
    assert final_state.shape == (0, 3)


def test_a_fresh_state_takes_the_dtype_of_the_input():
    class Forgetful(GRUCell):
        def initial_state(self, batch_size: int) -> Tensor:
            return torch.zeros(batch_size, self.hidden_size)

    _, final_state = Recurrent(Forgetful(2, 3).double())(random_input(4, 2, 2))
    assert final_state.dtype == torch.float64


def test_output_may_be_narrower_than_the_state():
    output, final_state = Recurrent(Narrow(2, 3))(torch.ones(4, 2, 2), lengths=[4, 1])
    assert output[..., 0].T.tolist() == [[1.0] * 4, [1.0, 0.0, 0.0, 0.0]]
    assert final_state.shape == (2, 3)


def test_non_contiguous_input_and_gradient():
    layer = Recurrent(ElmanCell(2, 3)).double()
    base = random_input(2, 4, 6, requires_grad=True)
    strided = base.permute(2, 1, 0)[::2]
    results = []
    for x in (strided, strided.contiguous()):
        output, _ = layer(x)
        results.append((output, *torch.autograd.grad(output, base, torch.ones(1).double().expand_as(output))))
    torch.testing.assert_close(results[0], results[1], **TIGHT)


def test_hooks_on_the_cell_run_at_every_step():
    layer = Recurrent(ElmanCell(2, 3))
    seen: list[Tensor] = []
    layer.cell.register_forward_hook(lambda module, arguments, result: seen.append(result[0]))
    with pytest.warns(EagerWarning, match="hook on the cell itself"):
        output, _ = layer(torch.randn(4, 2, 2))
    torch.testing.assert_close(torch.stack(seen)[-4:], output, rtol=0, atol=0)


def test_copies_and_pickles_compute_the_same():
    layer = Recurrent(LSTMCell(2, 3), reverse=True)
    x = torch.randn(4, 2, 2)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        torch.testing.assert_close(twin(x), layer(x), rtol=0, atol=0)
        assert repr(twin) == repr(layer)


def test_autocast_takes_other_dtypes():
    layer = Recurrent(GRUCell(2, 3))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, _ = layer(torch.randn(4, 3, 2, dtype=torch.bfloat16), lengths=[4, 1, 2])
    assert output.isfinite().all()


def test_it_says_what_it_is():
    layer = Recurrent(GRUCell(2, 3), reverse=True, backend="eager")
    assert repr(layer) == "Recurrent(\n  reverse=True, backend='eager'\n  (cell): GRUCell(2, 3)\n)"
    assert layer.explain() == "eager: GRUCell.forward runs once for each time step, as asked."
