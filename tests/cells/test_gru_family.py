"""The GRU and its relatives: numbers by hand, counts of parameters, and what becomes what."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman.cells import (
    Cell,
    FastGRNNCell,
    GRUCell,
    LayerNormGRUCell,
    LightRecurrentCell,
    MinimalGatedCell,
    RecurrentHighwayCell,
    UGRNNCell,
)
from elman.errors import OptionError
from elman.layers import Recurrent

TIGHT = {"rtol": 0, "atol": 1e-12}


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


def scalar(cell: Cell, inputs: tuple[float, ...]) -> list[float]:
    """Outputs of a scalar cell whose weights are 1 and whose other parameters are 0."""
    for name, parameter in cell.double().named_parameters():
        nn.init.constant_(parameter, 1.0 if name.startswith("weight") else 0.0)
    outputs, _ = Recurrent(cell, backend="eager")(torch.tensor(inputs, dtype=torch.float64).view(-1, 1, 1))
    return outputs.flatten().tolist()


def num_parameters(cell: Cell) -> int:
    return sum(parameter.numel() for parameter in cell.parameters())


def one_step(cell: Cell) -> tuple[Tensor, Tensor, Tensor]:
    """An input, a state, and the output of the cell in float64."""
    x, h = torch.randn(4, cell.input_size).double(), torch.randn(4, cell.hidden_size).double()
    return x, h, cell.double()(x, h)[0]


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        (MinimalGatedCell(7, 5), 2 * (5 * (5 + 7) + 5)),
        (UGRNNCell(7, 5), 2 * (5 * (5 + 7) + 5)),
        (LightRecurrentCell(7, 5), 2 * 5 * 7 + 5 * 5 + 2 * 5),
        (FastGRNNCell(7, 5), 5 * (5 + 7) + 2 * 5 + 2),
        (RecurrentHighwayCell(7, 5, depth=3), 2 * 5 * 7 + 3 * (2 * 5 * 5 + 2 * 5)),
        (LayerNormGRUCell(7, 5), 3 * (5 * (5 + 7) + 5) + 2 * 15),
    ],
)
def test_number_of_parameters(cell: Cell, count: int):
    assert num_parameters(cell) == count


def test_minimal_gated_by_hand():
    f1 = sigmoid(1.0)
    h1 = f1 * np.tanh(1.0)
    f2 = sigmoid(h1)
    h2 = (1 - f2) * h1 + f2 * np.tanh(f2 * h1)
    assert scalar(MinimalGatedCell(1, 1), (1.0, 0.0)) == pytest.approx([h1, h2], abs=1e-12)


def test_minimal_gated_is_the_gru_whose_two_gates_are_one():
    cell = MinimalGatedCell(3, 5).double()
    gru = GRUCell(3, 5, update_gate="writes", reset_gate="before_product").double()
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            parameter.normal_()
            gate, candidate = parameter.chunk(2)
            gru.get_parameter(name).copy_(torch.cat([gate, gate, candidate]))
    x, h, output = one_step(cell)
    torch.testing.assert_close(output, gru(x, h)[0], **TIGHT)


def test_ugrnn_by_hand():
    h1 = (1 - sigmoid(1.0)) * np.tanh(1.0)
    h2 = sigmoid(h1) * h1 + (1 - sigmoid(h1)) * np.tanh(h1)
    assert scalar(UGRNNCell(1, 1), (1.0, 0.0)) == pytest.approx([h1, h2], abs=1e-12)


def test_ugrnn_is_the_gru_that_never_resets():
    cell, gru = UGRNNCell(3, 5).double(), GRUCell(3, 5).double()
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            gate, candidate = parameter.chunk(2)
            reset = torch.full_like(gate, 800.0) if name == "bias" else torch.zeros_like(gate)
            gru.get_parameter(name).copy_(torch.cat([reset, gate, candidate]))
    x, h, output = one_step(cell)
    torch.testing.assert_close(output, gru(x, h)[0], **TIGHT)


def test_light_recurrent_by_hand():
    h1 = sigmoid(1.0) * np.tanh(1.0)
    h2 = (1 - sigmoid(0.5 + h1)) * h1 + sigmoid(0.5 + h1) * np.tanh(0.5)
    assert scalar(LightRecurrentCell(1, 1), (1.0, 0.5)) == pytest.approx([h1, h2], abs=1e-12)


def test_light_recurrent_is_the_gru_whose_candidate_sees_no_state():
    cell, gru = LightRecurrentCell(3, 5).double(), GRUCell(3, 5, update_gate="writes").double()
    with torch.no_grad():
        for parameter in gru.parameters():
            parameter.zero_()
        gru.weight_ih[5:] = cell.weight_ih
        gru.weight_hh[5:10] = cell.weight_hh
    x, h, output = one_step(cell)
    torch.testing.assert_close(output, gru(x, h)[0], **TIGHT)


def test_fast_grnn_by_hand():
    h1 = (0.5 * (1 - sigmoid(1.0)) + 0.5) * np.tanh(1.0)
    h2 = (0.5 * (1 - sigmoid(h1)) + 0.5) * np.tanh(h1) + sigmoid(h1) * h1
    assert scalar(FastGRNNCell(1, 1), (1.0, 0.0)) == pytest.approx([h1, h2], abs=1e-12)


def test_fast_grnn_is_a_ugrnn_where_zeta_is_one_and_nu_is_zero():
    cell, ugrnn = FastGRNNCell(3, 5).double(), UGRNNCell(3, 5).double()
    with torch.no_grad():
        cell.zeta.fill_(800)
        cell.nu.fill_(-800)
        ugrnn.weight_ih.copy_(cell.weight_ih.repeat(2, 1))
        ugrnn.weight_hh.copy_(cell.weight_hh.repeat(2, 1))
        assert ugrnn.bias is not None
        ugrnn.bias.copy_(cell.bias)
    x, h, output = one_step(cell)
    torch.testing.assert_close(output, ugrnn(x, h)[0], **TIGHT)


def test_highway_by_hand():
    s1 = np.tanh(1.0) * sigmoid(1.0)
    s2 = np.tanh(s1) * sigmoid(s1) + s1 * (1 - sigmoid(s1))
    assert scalar(RecurrentHighwayCell(1, 1, depth=2), (1.0,)) == pytest.approx([s2], abs=1e-12)


def test_a_highway_of_one_layer_is_a_ugrnn():
    cell, ugrnn = RecurrentHighwayCell(3, 5, depth=1).double(), UGRNNCell(3, 5).double()
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            candidate, gate = parameter.reshape(-1, *ugrnn.get_parameter(name).shape[1:]).chunk(2)
            ugrnn.get_parameter(name).copy_(torch.cat([-gate, candidate]))  # it keeps where this one writes
    x, h, output = one_step(cell)
    torch.testing.assert_close(output, ugrnn(x, h)[0], **TIGHT)


def test_a_highway_whose_gates_are_shut_carries_its_state_and_gradient():
    cell = RecurrentHighwayCell(3, 5, depth=10, transform_bias=-800.0).double()
    h = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    output, _ = cell(torch.randn(4, 3, dtype=torch.float64), h)
    assert torch.equal(output, h)
    assert torch.equal(torch.autograd.grad(output.sum(), h)[0], torch.ones_like(h))


def test_layer_norm_gru_with_modules_of_torch():
    cell = LayerNormGRUCell(3, 5, update_gate="writes", double_bias=True).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_()
    assert cell.bias_ih is not None
    assert cell.bias_hh is not None
    gates_x, candidate_x, gates_h, candidate_h = (nn.LayerNorm(size).double() for size in (10, 5, 10, 5))
    for (gates, candidate), gain, bias in (
        ((gates_x, candidate_x), cell.gain_ih, cell.bias_ih),
        ((gates_h, candidate_h), cell.gain_hh, cell.bias_hh),
    ):
        gates.weight, candidate.weight = map(nn.Parameter, gain.split([10, 5]))
        gates.bias, candidate.bias = map(nn.Parameter, bias.split([10, 5]))
    x, h, output = one_step(cell)
    from_x, from_h = x @ cell.weight_ih.T, h @ cell.weight_hh.T
    r, z = torch.sigmoid(gates_x(from_x[:, :10]) + gates_h(from_h[:, :10])).chunk(2, 1)
    n = torch.tanh(candidate_x(from_x[:, 10:]) + r * candidate_h(from_h[:, 10:]))
    torch.testing.assert_close(output, (1 - z) * h + z * n, **TIGHT)


def test_layer_norm_gru_does_not_see_the_scale_of_its_input_weights():
    """The invariance that the paper derives; the small constant inside the square root leaves a rest."""
    cell = LayerNormGRUCell(3, 5).double()
    x, h = 1000 * torch.randn(4, 3).double(), torch.randn(4, 5).double()
    before, _ = cell(x, h)
    with torch.no_grad():
        cell.weight_ih.mul_(7)
    torch.testing.assert_close(cell(x, h)[0], before, rtol=0, atol=1e-8)
    with torch.no_grad():
        cell.gain_ih.mul_(7)
    assert (cell(x, h)[0] - before).abs().max() > 1e-3


def test_wrong_options_are_refused():
    with pytest.raises(OptionError, match="`depth` must be a positive integer, but it is 0"):
        RecurrentHighwayCell(3, 5, depth=0)
    with pytest.raises(OptionError, match="`update_gate` must be one of 'keeps', 'writes', but it is 'both'"):
        LayerNormGRUCell(3, 5, update_gate="both")
    with pytest.raises(OptionError, match="`bias` must be True or False, but it is 'no'"):
        LightRecurrentCell(3, 5, bias="no")  # pyright: ignore[reportArgumentType]
