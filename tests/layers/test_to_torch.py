"""`layer.to_torch()`: the module of torch.nn gives the same numbers, or the reason why there is none."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman import GRU, LSTM, RNN, Bidirectional, Recurrent, Stacked, Stateful
from elman.cells import ElmanCell, GRUCell, LSTMCell
from elman.cells.state import state_tensors
from elman.errors import OptionError

EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
# float64 numbers of about 1; kernels add the terms of a product in another order than torch.
TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
CELLS = {
    "elman": (ElmanCell, {}, nn.RNN),
    "elman-relu": (ElmanCell, {"activation": "relu"}, nn.RNN),
    "lstm": (LSTMCell, {}, nn.LSTM),
    "gru": (GRUCell, {}, nn.GRU),
}
BIASES = [{}, {"double_bias": True}, {"bias": False}]


def stirred(layer: Any) -> Any:
    """The layer in float64, no parameter at its first value, biases among them."""
    for parameter in layer.double().parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    return layer


def check(layer: Any, batch_first: bool = False) -> nn.RNNBase:
    """Outputs, the gradient of the input and, as torch lays them out, final states agree."""
    made = layer.to_torch()
    x = torch.randn(5, 2, layer.input_size, dtype=torch.float64)
    x = (x.transpose(0, 1) if batch_first else x).detach().requires_grad_()
    (ours, final_state), (theirs, expected_state) = layer(x), made(x)
    torch.testing.assert_close(ours, theirs, **TIGHT)
    parts = hidden_parts(final_state, made)
    for part, expected in zip(parts, state_tensors(expected_state), strict=True):
        torch.testing.assert_close(part, expected, **TIGHT)
    gradients = [torch.autograd.grad(output.square().sum(), x)[0] for output in (ours, theirs)]
    torch.testing.assert_close(gradients[0], gradients[1], **TIGHT)
    return made


def hidden_parts(final_state: Any, made: nn.RNNBase) -> list[Tensor]:
    """Our final states, put into torch's layout: each part over all layers and directions."""
    parts = [part if part.dim() == 3 else part[None] for part in state_tensors(final_state)]
    count = 2 if made.mode == "LSTM" else 1
    return [torch.cat(parts[index::count]) for index in range(count)]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", BIASES, ids=str)
@pytest.mark.parametrize("name", CELLS)
def test_one_cell(name: str, bias: Any, batch_first: bool):
    cell_class, options, peer_class = CELLS[name]
    layer = stirred(Recurrent(cell_class(3, 4, **options, **bias), batch_first=batch_first))
    made = check(layer, batch_first)
    assert type(made) is peer_class
    assert (made.bias, made.batch_first) == (bias.get("bias", True), batch_first)


@pytest.mark.parametrize("bias", BIASES, ids=str)
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(("num_layers", "both"), [(1, True), (3, False), (2, True)])
def test_stacks_and_directions(name: str, bias: Any, num_layers: int, both: bool):
    cell_class, options, peer_class = CELLS[name]
    sizes = [3] + [8 if both else 4] * (num_layers - 1)
    cells = [cell_class(size, 4, **options, **bias) for size in sizes]
    layers = [Bidirectional(cell) if both else cell for cell in cells]
    made = check(stirred(Stacked(*layers)))
    assert type(made) is peer_class
    assert (made.num_layers, made.bidirectional) == (num_layers, both)
    if both and num_layers == 1:
        check(stirred(Bidirectional(cells[0])))


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (RNN, nn.RNN, {}),
        (RNN, nn.RNN, {"nonlinearity": "relu"}),
        (LSTM, nn.LSTM, {}),
        (LSTM, nn.LSTM, {"proj_size": 2}),
        (GRU, nn.GRU, {}),
    ],
)
def test_layers_in_the_place_of_torch_go_back_with_all_options(ours: Any, theirs: Any, options: Any):
    for layers, bias, both, first in itertools.product((1, 2), (True, False), (True, False), (True, False)):
        layer = stirred(ours(3, 4, layers, bias=bias, bidirectional=both, batch_first=first, **options))
        made = check(layer, first)
        assert type(made) is theirs
        assert repr(made) == repr(layer)
        torch.testing.assert_close(dict(made.state_dict()), dict(layer.state_dict()), **EXACT)


def test_layers_of_torch_are_stacked_into_one():
    made = check(stirred(Stacked(LSTM(3, 4, 2), LSTMCell(4, 4), LSTM(4, 4))))
    assert made.num_layers == 4


def test_dropout_dtype_and_mode_go_with_it():
    layer: Any = Stacked(GRUCell(3, 4), GRUCell(4, 4), dropout=0.3).eval()
    made = layer.to_torch()
    assert (made.dropout, made.training, made.weight_hh_l1.dtype) == (0.3, False, torch.float32)
    assert layer.train().to_torch().training
    assert Recurrent(GRUCell(3, 4)).bfloat16().to_torch().weight_hh_l0.dtype == torch.bfloat16
    assert GRU(3, 4, num_layers=2, dropout=0.4).to_torch().dropout == 0.4


def test_parameters_are_copies_and_no_random_number_is_drawn():
    layer = Recurrent(GRUCell(3, 4))
    state = torch.get_rng_state()
    made = layer.to_torch()
    assert torch.equal(torch.get_rng_state(), state)
    with torch.no_grad():
        made.all_weights[0][1].zero_()
    assert bool(next(layer.parameters()).any())
    layer.requires_grad_(False)
    frozen = layer.to_torch()
    assert not frozen.weight_hh_l0.requires_grad


class Derived(GRUCell):
    """What it computes, nobody knows."""


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Recurrent(GRUCell(3, 4, reset_gate="before_product")),
            r'the layer.cell cannot .*: it has reset_gate="before_product", and torch.nn resets after',
        ),
        (lambda: Recurrent(GRUCell(3, 4, update_gate="writes")), 'update_gate="writes"'),
        (lambda: Recurrent(ElmanCell(3, 4, activation="sigmoid")), 'activation="sigmoid"'),
        (lambda: Recurrent(Derived(3, 4)), "torch.nn has no Derived"),
        (lambda: Recurrent(GRUCell(3, 4), reverse=True), "reads from the end alone"),
        (lambda: Recurrent(GRUCell(3, 4), learn_initial_state=True), "initial state is learned"),
        (lambda: Stateful(Recurrent(GRUCell(3, 4))), "torch.nn has no Stateful"),
        (lambda: Stacked(GRUCell(3, 4), LSTMCell(4, 4)), "differ in kind, GRU and LSTM"),
        (lambda: Stacked(GRUCell(3, 4), GRUCell(4, 5)), "differ in hidden size, 4 and 5"),
        (lambda: Stacked(LSTM(3, 4, proj_size=2), LSTM(2, 4)), "differ in projection, 2 and 0"),
        (
            lambda: Stacked(Bidirectional(GRUCell(3, 4)), GRUCell(8, 4)),
            "differ in number of directions, 2 and 1",
        ),
        (lambda: Stacked(GRUCell(4, 4), residual=True), "residual connections"),
        (lambda: Stacked(GRU(3, 4, 2, dropout=0.5), GRUCell(4, 4)), "dropout differs"),
        (
            lambda: Stacked(GRUCell(3, 4), Recurrent(GRUCell(4, 4, update_gate="writes"))),
            r"the layer.layers\[1\].cell cannot",
        ),
        (lambda: Bidirectional(GRUCell(3, 4), merge="sum"), 'merge="sum"'),
        (lambda: Bidirectional(GRUCell(3, 4), LSTMCell(3, 4)), "differ in kind"),
        (lambda: Bidirectional(Stacked(GRUCell(3, 4), GRUCell(4, 4))), "more than one cell"),
    ],
)
def test_what_torch_does_not_have_is_refused_with_the_reason(make: Any, words: str):
    with pytest.raises(OptionError, match=words):
        make().to_torch()
