"""What every cell promises, and that torch's cells are the same functions."""

import copy
import inspect
import pickle
from collections.abc import Callable

import pytest
import torch
from cell_options import CASES as OPTION_CASES
from torch import Tensor, nn

from elman.cells import ALL_CELLS, Cell, ElmanCell, Gate, GRUCell, LSTMCell, map_state
from elman.errors import OptionError

CASES = [
    *[(ALL_CELLS[name], options) for name, options in OPTION_CASES],
    *[
        (cell, {"double_bias": True})
        for cell in ALL_CELLS.values()
        if "double_bias" in inspect.signature(cell).parameters
    ],
    (GRUCell, {"reset_gate": "before_product", "update_gate": "writes", "double_bias": True}),
]
PEERS: list[tuple[Callable[..., Cell], Callable[..., nn.Module]]] = [
    (ElmanCell, nn.RNNCell),
    (
        lambda i, h, **options: ElmanCell(i, h, activation="relu", **options),
        lambda i, h: nn.RNNCell(i, h, nonlinearity="relu"),
    ),
    (LSTMCell, nn.LSTMCell),
    (GRUCell, nn.GRUCell),
]


class MinimalGatedUnit(Cell):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.forget = Gate(input_size, hidden_size)
        self.candidate = Gate(input_size, hidden_size)

    def forward(self, input, state):
        forget = torch.sigmoid(self.forget(input, state))
        candidate = torch.tanh(self.candidate(input, forget * state))
        state = (1 - forget) * state + forget * candidate
        return state, state


@pytest.mark.parametrize(("cell_class", "options"), [*CASES, (MinimalGatedUnit, {})])
def test_gradients_agree_with_finite_differences(cell_class: type[Cell], options: dict):
    cell = cell_class(3, 5, **options).double()
    fresh = cell.initial_state(2)
    sizes = fresh if isinstance(fresh, tuple) else (fresh,)
    parts = [(torch.rand_like(part) + 0.1).requires_grad_() for part in sizes]  # a normaliser is positive
    more = {name: part[1] for name, part in cell.step_inputs(3, 2).items()}

    def step(input: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        state = tensors[: len(parts)]
        weights = dict(zip(dict(cell.named_parameters()), tensors[len(parts) :], strict=True))
        arguments = (input, state if isinstance(fresh, tuple) else state[0])
        output, new_state = torch.func.functional_call(cell, weights, arguments, more)
        return output, *(new_state if isinstance(new_state, tuple) else (new_state,))

    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(step, (x, *parts, *cell.parameters()))


@pytest.mark.parametrize(("ours", "theirs"), PEERS)
def test_with_two_biases_a_cell_is_torchs(ours: Callable[..., Cell], theirs: Callable[..., nn.Module]):
    peer = theirs(3, 5).double()
    cell = ours(3, 5, double_bias=True).double()
    cell.load_state_dict(peer.state_dict(), strict=True)
    peer.load_state_dict(cell.state_dict(), strict=True)
    x = torch.randn(4, 3, dtype=torch.float64)
    state = map_state(torch.randn_like, cell.initial_state(4))
    expected = peer(x, state)
    output, new_state = cell(x, state)
    torch.testing.assert_close(new_state, expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(
        output, expected[0] if isinstance(expected, tuple) else expected, rtol=0, atol=1e-14
    )


@pytest.mark.parametrize(("cell_class", "options"), CASES)
def test_a_cell_survives_copying_and_pickling(cell_class: type[Cell], options: dict):
    cell = cell_class(3, 5, **options)
    x, state = torch.randn(2, 3), cell.initial_state(2)
    for twin in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        more = {name: part[1] for name, part in cell.step_inputs(3, 2).items()}
        torch.testing.assert_close(twin(x, state, **more), cell(x, state, **more), rtol=0, atol=0)
        assert repr(twin) == repr(cell)


def test_the_fresh_state_is_zero_and_like_the_parameters():
    state = LSTMCell(3, 5).double().initial_state(2)
    assert [part.shape for part in state] == [(2, 5), (2, 5)]
    assert all(part.dtype == torch.float64 and not part.any() and not part.requires_grad for part in state)
    assert GRUCell(3, 5).to("meta").initial_state(2).device.type == "meta"


def test_recurrent_weights_start_orthogonal_and_input_weights_as_in_torch():
    cell = LSTMCell(40, 100)
    for gate in cell.weight_hh.split(100):
        torch.testing.assert_close(gate @ gate.T, torch.eye(100), rtol=0, atol=1e-5)
    largest = cell.weight_ih.abs().max().item()
    assert 0.099 < largest <= 0.1


@pytest.mark.parametrize("double_bias", [False, True])
def test_the_forget_bias_starts_at_one_and_can_be_chosen(double_bias: bool):
    for options, value in [({}, 1.0), ({"forget_bias": -2.0}, -2.0)]:
        cell = LSTMCell(3, 5, double_bias=double_bias, **options)
        biases = [parameter for name, parameter in cell.named_parameters() if "bias" in name]
        assert len(biases) == 1 + double_bias
        assert torch.stack([*biases]).sum(dim=0).tolist() == [0.0] * 5 + [value] * 5 + [0.0] * 10


def test_reset_parameters_reaches_the_gates_of_a_cell():
    cell = MinimalGatedUnit(3, 5)
    before = cell.forget.weight_hh.clone()
    cell.reset_parameters()
    assert not torch.equal(before, cell.forget.weight_hh)


def test_repr_names_what_is_not_the_default():
    assert repr(ElmanCell(3, 5)) == "ElmanCell(3, 5)"
    assert (
        repr(ElmanCell(3, 5, activation="relu", bias=False))
        == "ElmanCell(3, 5, activation='relu', bias=False)"
    )
    assert (
        repr(LSTMCell(3, 5, forget_bias=0.0, double_bias=True))
        == "LSTMCell(3, 5, forget_bias=0.0, double_bias=True)"
    )
    assert repr(GRUCell(3, 5, update_gate="writes")) == "GRUCell(3, 5, update_gate='writes')"
    assert repr(Gate(3, 5, bias=False)) == "Gate(3, 5, bias=False)"


def test_a_cell_without_forward_cannot_be_made():
    class Empty(Cell):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Empty(3, 5)  # pyright: ignore[reportAbstractUsage]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ElmanCell(3, 5, activation="swish"),
            "`activation` must be one of 'tanh', 'relu', 'sigmoid', but it is 'swish'.",
        ),
        (
            lambda: GRUCell(3, 5, update_gate="torch"),
            "`update_gate` must be one of 'keeps', 'writes', but it is 'torch'.",
        ),
        (
            lambda: GRUCell(3, 5, reset_gate="after"),
            "`reset_gate` must be one of 'after_product', 'before_product', but it is 'after'.",
        ),
        (
            lambda: Gate(3, 5, bias=False, double_bias=True),
            "`double_bias=True` needs `bias=True`, but `bias` is False.",
        ),
        (lambda: LSTMCell(0, 5), "`input_size` must be a positive integer, but it is 0."),
        (lambda: LSTMCell(3, 2.5), "`hidden_size` must be a positive integer, but it is 2.5."),  # pyright: ignore[reportArgumentType]
    ],
)
def test_a_wrong_option_is_refused_with_the_legal_values(make: Callable[[], object], message: str):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message
