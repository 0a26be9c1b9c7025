"""First recurrent weights have the bounds, radius and orthogonality they are asked for, gate by gate."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import elman
from elman import Recurrent
from elman.cells import (
    ALL_CELLS,
    ClockworkCell,
    ConvRNNCell,
    ElmanCell,
    GRUCell,
    IndRNNCell,
    LSTMBlockCell,
    LSTMCell,
    ProjectionLSTMCell,
    RecurrentHighwayCell,
    SLSTMCell,
)
from elman.errors import ElmanError, OptionError, ShapeError
from elman.training import init_recurrent_, set_forget_bias_

H = 12
MODULES: dict[str, Callable[[], nn.Module]] = {
    "cell": lambda: GRUCell(3, H),
    "layer": lambda: Recurrent(LSTMCell(3, H)),
    "elman": lambda: Recurrent(ElmanCell(3, H)),
    "in the place of torch": lambda: elman.LSTM(3, H, num_layers=2, bidirectional=True),
    "torch": lambda: nn.GRU(3, H, num_layers=2),
    "torch cell": lambda: nn.LSTMCell(3, H),
    "model": lambda: nn.Sequential(nn.RNN(3, H), nn.Linear(H, 1)),
}
NUM_GATES = {
    "cell": 3,
    "layer": 4,
    "elman": 1,
    "in the place of torch": 16,
    "torch": 6,
    "torch cell": 4,
    "model": 1,
}


def gates(module: nn.Module) -> list[np.ndarray]:
    named = [(name, one) for name, one in module.named_parameters() if "weight_hh" in name]
    return [gate.detach().double().numpy() for _, one in named for gate in one.split(H)]


@pytest.mark.parametrize("name", MODULES)
def test_every_gate_is_what_was_asked_for(name: str):
    module = MODULES[name]()
    others = {key: one.clone() for key, one in module.named_parameters() if "weight_hh" not in key}

    assert init_recurrent_(module, "orthogonal", scale=1.5) is module
    assert len(gates(module)) == NUM_GATES[name]
    for gate in gates(module):
        np.testing.assert_allclose(gate.T @ gate, 1.5**2 * np.eye(H), atol=1e-5)  # of float32

    init_recurrent_(module, "identity", scale=0.5)
    assert all(np.array_equal(gate, 0.5 * np.eye(H)) for gate in gates(module))

    init_recurrent_(module, "uniform")
    for gate in gates(module):
        assert 0.8 / math.sqrt(H) < np.abs(gate).max() <= 1 / math.sqrt(H)
        assert abs(gate.mean()) < 0.1

    init_recurrent_(module, "spectral_radius", scale=1.2, density=0.3)
    for gate in gates(module):
        assert np.abs(np.linalg.eigvals(gate)).max() == pytest.approx(1.2, abs=1e-4)
        assert 0.1 < (gate != 0).mean() < 0.5

    for key, one in module.named_parameters():
        assert key not in others or torch.equal(one, others[key])


def test_gates_differ_and_a_generator_repeats_them():
    def draw(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return init_recurrent_(GRUCell(3, H), "orthogonal", generator=generator).weight_hh  # pyright: ignore[reportReturnType]

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    first, second, third = gates(GRUCell(3, H))
    assert not np.allclose(first, second)
    assert not np.allclose(second, third)


def test_new_weights_reach_compiled_layers():
    layer = Recurrent(ElmanCell(H, H, activation="relu", bias=False))
    with torch.no_grad():
        layer.cell.weight_ih.zero_()  # pyright: ignore[reportCallIssue]
    state, input = torch.rand(2, H), torch.zeros(6, 2, H)
    layer(input, state)
    init_recurrent_(layer, "identity")
    assert torch.equal(layer(input, state)[1], state)  # the IRNN keeps what is positive


@pytest.mark.parametrize(
    "module",
    [
        elman.LSTM(3, H, num_layers=2, bidirectional=True),
        nn.LSTM(3, H),
        nn.LSTMCell(3, H),
        LSTMCell(3, H),
        Recurrent(LSTMCell(3, H, double_bias=True)),
        nn.Sequential(nn.Linear(2, 3), nn.LSTM(3, H, proj_size=4)),
    ],
    ids=lambda module: type(module).__name__,
)
def test_forget_bias_is_set_and_nothing_else(module: nn.Module):
    before = {name: one.clone() for name, one in module.named_parameters()}
    assert set_forget_bias_(module, 1.25) is module
    after = dict(module.named_parameters())
    assert any("bias" in name for name in after)
    for name, one in after.items():
        if "bias_hh" in name:
            assert torch.equal(one[H : 2 * H], torch.zeros(H))
        elif name.split(".")[-1].startswith("bias") and not name.startswith("0."):
            assert torch.equal(one[H : 2 * H], torch.full((H,), 1.25))
        else:
            assert torch.equal(one, before[name])
            continue
        assert torch.equal(one[:H], before[name][:H])
        assert torch.equal(one[2 * H :], before[name][2 * H :])


REFUSALS: dict[str, tuple[Callable[[], Any], type[ElmanError], str]] = {
    "method": (
        lambda: init_recurrent_(GRUCell(3, 4), "magic"),
        OptionError,
        "`method` must be one of 'orthogonal', 'identity', 'uniform', 'spectral_radius', but it is 'magic'.",
    ),
    "scale": (
        lambda: init_recurrent_(GRUCell(3, 4), "identity", scale=-1),
        OptionError,
        "`scale` must be 0 or more, but it is -1.",
    ),
    "density": (
        lambda: init_recurrent_(GRUCell(3, 4), "spectral_radius", density=0),
        OptionError,
        "`density` must be above 0 and at most 1, but it is 0.",
    ),
    "nothing left": (
        lambda: init_recurrent_(nn.RNN(1, 2), "spectral_radius", density=1e-9),
        OptionError,
        "`density` must leave a matrix of 2 units an eigenvalue, but 1e-09 left none in 100 draws.",
    ),
    "not square": (
        lambda: init_recurrent_(nn.LSTM(3, 6, proj_size=4), "identity"),
        ShapeError,
        'method="identity" needs square gates, but in `weight_hh_l0` one is (6, 4).',
    ),
    "no weights": (
        lambda: init_recurrent_(nn.Linear(3, 4), "identity"),
        OptionError,
        "`module` must hold recurrent weights, matrices named `weight_hh`, but Linear has none.",
    ),
    "no matrix": (
        lambda: init_recurrent_(IndRNNCell(3, 4), "identity"),
        OptionError,
        "`module` must hold recurrent weights, matrices named `weight_hh`, but IndRNNCell has none.",
    ),
    "shared gates": (
        lambda: init_recurrent_(LSTMBlockCell(3, 8, cells_per_block=4), "spectral_radius"),
        ShapeError,
        'method="spectral_radius" needs square gates, but in `weight_hh` one is (2, 8).',
    ),
    "kernels": (
        lambda: init_recurrent_(nn.Sequential(ConvRNNCell(1, 2, 3)), "identity"),
        OptionError,
        "`module` must hold matrices, but `0.weight_hh` of shape (2, 2, 3, 3) are kernels of a convolution.",
    ),
    "clocks": (
        lambda: init_recurrent_(ClockworkCell(3, 4, periods=(1, 2)), "orthogonal"),
        OptionError,
        'method="orthogonal" needs whole matrices, but the clocks of ClockworkCell hide 4 of the 16 numbers '
        "of `weight_hh`.",
    ),
    "no LSTM": (
        lambda: set_forget_bias_(nn.GRU(3, 4)),
        OptionError,
        "`module` must hold an LSTM with a bias, but GRU has none.",
    ),
    "no bias": (
        lambda: set_forget_bias_(elman.LSTM(3, 4, bias=False)),
        OptionError,
        "`module` must hold an LSTM with a bias, but LSTM has none.",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_first_weights_refusal(name: str):
    call, kind, message = REFUSALS[name]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_refused_weights_stay_as_they_were():
    model = nn.Sequential(nn.RNN(3, 4), nn.LSTM(4, 6, proj_size=4))
    before = [one.clone() for one in model.parameters()]
    with pytest.raises(ShapeError):
        init_recurrent_(model, "identity")
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize(
    ("make", "num_gates"), [(lambda: RecurrentHighwayCell(3, H, depth=2), 4), (lambda: SLSTMCell(3, H), 4)]
)
def test_every_layer_and_head_has_a_matrix_of_its_own(make: Callable[[], nn.Module], num_gates: int):
    module = init_recurrent_(make(), "identity", scale=0.5)
    weight: Any = module.weight_hh
    matrices = weight.detach().reshape(-1, H, H)
    assert len(matrices) == num_gates
    for matrix in matrices:
        assert torch.equal(matrix, 0.5 * torch.eye(H))


def test_a_projected_state_makes_gates_that_are_not_square():
    cell = ProjectionLSTMCell(3, H, projection_size=4)
    with pytest.raises(ShapeError, match=r"needs square gates, but in `weight_hh` one is \(12, 4\)"):
        init_recurrent_(cell, "identity")
    init_recurrent_(cell, "orthogonal")
    for gate in gates(cell):
        np.testing.assert_allclose(gate.T @ gate, np.eye(4), atol=1e-5)  # of float32


MATRICES = {  # how many H x H matrices stand in the recurrent weights of each cell, by its equations
    "elman": 1,
    "lstm": 4,
    "gru": 3,
    "lstm_block": 4,
    "lstm_1997": 3,
    "peephole_lstm": 4,
    "coupled_lstm": 3,
    "layer_norm_lstm": 4,
    "layer_norm_gru": 3,
    "multiplicative_lstm": 4,
    "slstm": 4,
    "minimal_gated": 2,
    "ugrnn": 2,
    "light_recurrent": 1,
    "fast_grnn": 1,
    "recurrent_highway": 6,
    "leaky_integrator": 1,
    "continuous_time": 1,
    "skip_connection": 1,
    "cornn": 1,
    "long_expressive_memory": 3,
    "legendre_memory": 1,
    "deep_transition": 1,
}
REFUSED = {  # why a cell has no such matrix
    "projection_lstm": "needs square gates, but in `weight_hh` one is (12, 6)",
    "clockwork": "the clocks of ClockworkCell hide",
    **dict.fromkeys(["indrnn", "sru"], "matrices named `weight_hh`"),  # one number a unit
    **dict.fromkeys(["jordan", "multiplicative_elman", "cfc", "second_order"], "matrices named `weight_hh`"),
    **dict.fromkeys(["linear_recurrent", "min_gru", "min_lstm", "qrnn"], "matrices named `weight_hh`"),
    "echo_state": "matrices named `weight_hh`",  # its weights are not trained
}


@pytest.mark.parametrize("name", ALL_CELLS)
def test_every_square_of_every_cell_has_its_radius_or_is_refused(name: str):
    cell = ALL_CELLS[name](3, H)
    if name in REFUSED:
        before = [one.clone() for one in cell.parameters()]
        with pytest.raises(ElmanError) as caught:
            init_recurrent_(cell, "spectral_radius", scale=0.9)
        assert REFUSED[name] in str(caught.value)
        assert all(torch.equal(*pair) for pair in zip(cell.parameters(), before, strict=True))
        return
    weight: Any = cell.weight_hh
    init_recurrent_(cell, "spectral_radius", scale=0.9)
    squares = weight.detach().numpy().reshape(-1, H, H)
    assert len(squares) == MATRICES[name]
    for square in squares:
        assert np.abs(np.linalg.eigvals(square)).max() == pytest.approx(0.9, abs=1e-4)
    init_recurrent_(cell, "orthogonal", scale=1.5)
    for square in weight.detach().numpy().reshape(-1, H, H):
        np.testing.assert_allclose(np.linalg.svd(square, compute_uv=False), 1.5, rtol=1e-5)  # of float32


@pytest.mark.parametrize("cells_per_block", [1, 2, 3, 4, 6, 12])
def test_gates_that_cells_share_are_cut_where_they_end(cells_per_block: int):
    cell = init_recurrent_(LSTMBlockCell(3, H, cells_per_block=cells_per_block), "orthogonal", scale=1.5)
    rows: Any = cell.weight_hh
    num_blocks = H // cells_per_block
    starts = np.cumsum([num_blocks, num_blocks, H])  # i, f, g, o: the candidate alone has a row for each cell
    for gate in np.split(rows.detach().numpy(), starts):
        values = np.linalg.svd(gate, compute_uv=False)
        np.testing.assert_allclose(values, 1.5, rtol=1e-5)  # of float32
        assert len(values) == len(gate)


def test_clocks_that_hide_nothing_or_a_diagonal_are_drawn():
    cell = ClockworkCell(3, 4, periods=(1, 2))
    init_recurrent_(cell, "identity", scale=0.5)
    assert torch.equal(cell.weight_hh * cell.mask, 0.5 * torch.eye(4))
    plain = ClockworkCell(3, 4, periods=(1,))
    init_recurrent_(plain, "orthogonal")
    np.testing.assert_allclose(np.linalg.svd(plain.weight_hh.detach().numpy())[1], 1.0, rtol=1e-5)
