"""Cells over images: their equations, and what they are on images of one pixel."""

from typing import Any

import conv_reference as reference
import pytest
import torch
from torch import nn

from elman.cells import (
    ConvCell,
    ConvGRUCell,
    ConvLSTMCell,
    ConvRNNCell,
    ElmanCell,
    GRUCell,
    LSTMCell,
    map_state,
)
from elman.errors import OptionError
from elman.layers import ConvRecurrent, Recurrent

TIGHT = {"rtol": 0, "atol": 1e-12}  # float64; sums of fewer than a hundred numbers near 1

CASES: list[tuple[Any, Any, dict[str, Any]]] = [
    *((ConvRNNCell, reference.rnn, {"activation": name}) for name in ("tanh", "relu", "sigmoid")),
    *((ConvGRUCell, reference.gru, {"update_gate": gate}) for gate in ("keeps", "writes")),
    (ConvGRUCell, reference.gru, {"reset_gate": "before_product"}),
    *((ConvLSTMCell, reference.lstm, {"peepholes": kind}) for kind in ("none", "channel", "pixel")),
    (ConvLSTMCell, reference.lstm, {"peepholes": "channel", "bias": False}),
]
IMAGES = [
    ((3,), (5,)),
    ((1,), (4,)),
    ((3, 3), (4, 3)),
    ((5, 3), (3, 2)),
    ((1, 1), (1, 1)),
    ((3, 1, 3), (2, 3, 2)),
]


def random_cell(cell_class: Any, kernel: Any, size: Any, **options: Any) -> ConvCell:
    """A cell whose parameters are all away from their first values, zeros among them."""
    cell = cell_class(2, 3, kernel, image_size=size, **options).double()
    for parameter in cell.parameters():
        nn.init.normal_(parameter, std=0.4)
    return cell


def as_numpy(state: Any) -> Any:
    return tuple(part.numpy() for part in state) if isinstance(state, tuple) else state.numpy()


@pytest.mark.parametrize(("kernel", "size"), IMAGES, ids=str)
@pytest.mark.parametrize(("cell_class", "step", "options"), CASES)
def test_equations_hold(cell_class: Any, step: Any, options: Any, kernel: Any, size: Any):
    cell = random_cell(cell_class, kernel, size, **options)
    state = map_state(torch.randn_like, cell.initial_state(4))
    x = torch.randn(3, 4, 2, *size, dtype=torch.float64)
    with torch.no_grad():
        output, final_state = ConvRecurrent(cell)(x, state)
    expected, state = [], as_numpy(state)
    for t in range(3):
        result, state = step(cell, x[t].numpy(), state)
        expected.append(torch.tensor(result))
    torch.testing.assert_close(output, torch.stack(expected), **TIGHT)
    torch.testing.assert_close(as_numpy(final_state), state, **TIGHT)


@pytest.mark.parametrize("padding_mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize(
    ("kernel", "size"), [((5,), (4,)), ((3, 5), (2, 7)), ((3, 3, 3), (2, 2, 3))], ids=str
)
def test_padding_modes_are_those_of_numpy(padding_mode: str, kernel: Any, size: Any):
    cell = random_cell(ConvGRUCell, kernel, size, padding_mode=padding_mode, reset_gate="before_product")
    x = torch.randn(4, 2, *size, dtype=torch.float64)
    state = torch.randn(4, 3, *size, dtype=torch.float64)
    with torch.no_grad():
        output, _ = cell(x, state)
    expected, _ = reference.gru(cell, x.numpy(), state.numpy())
    torch.testing.assert_close(output, torch.tensor(expected), **TIGHT)


@pytest.mark.parametrize("kernel", [1, (1,), (1, 1, 1)], ids=str)
@pytest.mark.parametrize(
    ("conv_class", "vector_class"),
    [(ConvRNNCell, ElmanCell), (ConvGRUCell, GRUCell), (ConvLSTMCell, LSTMCell)],
)
def test_on_one_pixel_a_cell_is_the_one_over_vectors(conv_class: Any, vector_class: Any, kernel: Any):
    cell, peer = conv_class(3, 5, kernel).double(), vector_class(3, 5).double()
    cell.load_state_dict(
        {name: value.view_as(cell.state_dict()[name]) for name, value in peer.state_dict().items()}
    )
    pixel = (1,) * cell.num_axes
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    output, state = ConvRecurrent(cell)(x.view(6, 2, 3, *pixel), lengths=[4, 6])
    expected, expected_state = Recurrent(peer)(x, lengths=[4, 6])
    torch.testing.assert_close(output.flatten(2), expected, **TIGHT)
    torch.testing.assert_close(map_state(lambda part: part.flatten(1), state), expected_state, **TIGHT)


def test_on_one_pixel_the_lstm_is_that_of_torch():
    peer = nn.LSTM(3, 5).double()
    cell = ConvLSTMCell(3, 5, 3).double()  # of a kernel on one pixel only the middle counts
    middle = {name: getattr(peer, f"{name}_l0").data for name in ("weight_ih", "weight_hh")}
    for name, values in middle.items():
        getattr(cell, name).data[:, :, 1, 1] = values
    assert cell.bias is not None
    biases = peer.state_dict()
    cell.bias.data = biases["bias_ih_l0"] + biases["bias_hh_l0"]
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    output, _ = ConvRecurrent(cell)(x[..., None, None])
    torch.testing.assert_close(output.flatten(2), peer(x)[0], **TIGHT)


@pytest.mark.parametrize("padding_mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize(("cell_class", "step", "options"), CASES)
def test_gradients_are_those_of_finite_differences(
    cell_class: Any, step: Any, options: Any, padding_mode: str
):
    cell = random_cell(cell_class, (3, 3), (2, 3), padding_mode=padding_mode, **options)
    x = torch.randn(2, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    state = map_state(lambda part: torch.randn_like(part, requires_grad=True), cell.initial_state(2))
    parts: Any = state if isinstance(state, tuple) else (state,)
    names = [name for name, _ in cell.named_parameters()]

    def run(x: Any, *rest: Any) -> Any:
        state = rest[: len(parts)] if len(parts) > 1 else rest[0]
        changed = dict(zip(names, rest[len(parts) :], strict=True))
        return torch.func.functional_call(cell, changed, (x, state))[0]

    assert torch.autograd.gradcheck(run, (x, *parts, *cell.parameters()))


def test_first_values_of_parameters():
    cell = ConvLSTMCell(2, 3, (3, 5), peepholes="channel")
    assert cell.bias is not None
    assert cell.bias.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert cell.weight_peephole is not None
    assert not cell.weight_peephole.any()
    assert cell.weight_ih.abs().max() <= 1 / 30**0.5  # as torch.nn.Conv2d: 1 / sqrt(2 * 3 * 5)
    for gate in cell.weight_hh.flatten(1).split(3):
        torch.testing.assert_close(gate @ gate.T, torch.eye(3), rtol=0, atol=1e-6)
    before = cell.weight_hh.clone()
    cell.reset_parameters()
    assert not cell.weight_hh.equal(before)


def test_what_a_cell_prints():
    assert str(ConvRNNCell(2, 3)) == "ConvRNNCell(2, 3, kernel_size=(3, 3))"
    cell = ConvGRUCell(2, 3, (5,), padding_mode="circular", image_size=(9,), update_gate="writes", bias=False)
    assert str(cell) == (
        "ConvGRUCell(2, 3, kernel_size=(5,), update_gate='writes', padding_mode='circular', image_size=(9,), "
        "bias=False)"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_channels": 0}, "`input_channels` must be a positive integer, but it is 0."),
        ({"hidden_channels": 2.0}, "`hidden_channels` must be a positive integer, but it is 2.0."),
        (
            {"kernel_size": 4},
            "`kernel_size` must be positive and odd along each axis, so that an image keeps its size, "
            "but it is 4.",
        ),
        ({"kernel_size": (3, 2)}, "so that an image keeps its size, but it is (3, 2)."),
        ({"kernel_size": (3, -1)}, "so that an image keeps its size, but it is (3, -1)."),
        (
            {"kernel_size": (3, 3, 3, 3)},
            "`kernel_size` must be an integer, for a square kernel, or a tuple with one integer for each "
            "axis of an image, of which there are one, two or three, but it is (3, 3, 3, 3).",
        ),
        ({"kernel_size": "3"}, "but it is '3'."),
        ({"kernel_size": True}, "so that an image keeps its size, but it is True."),
        (
            {"padding_mode": "same"},
            "`padding_mode` must be one of 'zeros', 'reflect', 'replicate', 'circular', but it is 'same'.",
        ),
        (
            {"image_size": (8,)},
            "`image_size` must be a tuple of positive integers, one for each axis of the kernel (2), "
            "or None, but it is (8,).",
        ),
        ({"image_size": (8, 0)}, "or None, but it is (8, 0)."),
        ({"bias": None}, "`bias` must be True or False, but it is None."),
        (
            {"peepholes": True},
            "`peepholes` must be one of 'none', 'channel', 'pixel', but it is True.",
        ),
        ({"peepholes": "pixel"}, "`peepholes='pixel'` needs `image_size`, but it is None."),
        ({"forget_bias": "1"}, "`forget_bias` must be a finite number, but it is '1'."),
    ],
    ids=str,
)
def test_an_option_that_is_not_legal_is_refused(options: dict[str, Any], message: str):
    with pytest.raises(OptionError) as error:
        ConvLSTMCell(**{"input_channels": 2, "hidden_channels": 3, **options})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("cell_class", "options", "message"),
    [
        (ConvRNNCell, {"activation": "elu"}, "`activation` must be one of 'tanh', 'relu', 'sigmoid'"),
        (ConvGRUCell, {"update_gate": "old"}, "`update_gate` must be one of 'keeps', 'writes'"),
        (ConvGRUCell, {"reset_gate": ""}, "`reset_gate` must be one of 'after_product', 'before_product'"),
    ],
)
def test_an_option_of_one_cell_is_refused(cell_class: Any, options: dict[str, Any], message: str):
    with pytest.raises(OptionError, match=message):
        cell_class(2, 3, **options)


def test_a_state_without_a_size_is_refused():
    with pytest.raises(OptionError) as error:
        ConvRNNCell(2, 3).initial_state(4)
    assert str(error.value) == (
        "a state is as large as an image, and nothing says how large that is.\n"
        "    Say it here, initial_state(batch_size, image_size), or to the cell, image_size=... ."
    )
