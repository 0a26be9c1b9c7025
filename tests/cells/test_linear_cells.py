"""Cells that are linear or diagonal in their state, against closed forms and loops in numpy."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from elman.cells import (
    Cell,
    LegendreMemoryCell,
    LinearRecurrentCell,
    MinGRUCell,
    MinLSTMCell,
    QRNNCell,
    SRUCell,
)
from elman.cells.legendre_memory import delay_network, discretise
from elman.errors import OptionError
from elman.layers import Recurrent

F64 = torch.float64


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def drawn(cell: Cell, num_steps: int) -> tuple[Tensor, np.ndarray, dict[str, np.ndarray]]:
    """One sequence, as the layer and as numpy takes it, and the cell's numbers."""
    cell.double()
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(num_steps, 1, cell.input_size, dtype=F64)
    return x, x[:, 0].numpy(), {name: p.detach().numpy() for name, p in cell.named_parameters()}


def run(cell: Cell, x: Tensor) -> np.ndarray:
    with torch.no_grad():
        return Recurrent(cell, backend="llvm")(x)[0][:, 0].numpy()


def test_min_gru_is_a_sum_of_candidates_weighted_by_what_later_gates_left():
    cell = MinGRUCell(3, 5)
    x, inputs, p = drawn(cell, 9)
    gates, candidates = np.split(inputs @ p["weight_ih"].T + p["bias"], 2, axis=1)
    z = sigmoid(gates)
    expected = [
        sum(np.prod(1 - z[k + 1 : t + 1], axis=0) * z[k] * candidates[k] for k in range(t + 1))
        for t in range(9)
    ]
    np.testing.assert_allclose(run(cell, x), expected, rtol=1e-12, atol=1e-12)


def test_min_lstm_is_its_loop():
    cell = MinLSTMCell(3, 5)
    x, inputs, p = drawn(cell, 9)
    forget, write, candidates = np.split(inputs @ p["weight_ih"].T + p["bias"], 3, axis=1)
    forget, write = sigmoid(forget), sigmoid(write)
    h, expected = np.zeros(5), []
    for f, i, n in zip(forget, write, candidates, strict=True):
        h = f / (f + i) * h + i / (f + i) * n
        expected.append(h)
    np.testing.assert_allclose(run(cell, x), expected, rtol=1e-12, atol=1e-12)


def test_min_lstm_survives_two_closed_gates():
    """In float32 both sigmoids are 0 at -200, and their ratio is still exp(-100)."""
    cell = MinLSTMCell(1, 1)
    with torch.no_grad():
        cell.weight_ih.zero_()
        cell.bias.copy_(torch.tensor([-200.0, -300.0, 7.0]))  # pyright: ignore[reportOptionalMemberAccess]
    output, _ = cell(torch.zeros(1, 1), torch.ones(1, 1))
    assert output.item() == 1.0
    assert MinLSTMCell(1, 4, forget_bias=2.0).bias[:4].tolist() == [2.0] * 4  # pyright: ignore[reportOptionalSubscript]


@pytest.mark.parametrize(("input_size", "num_parameters"), [(5, 3 * 25 + 4 * 5), (3, 3 * 15 + 15 + 4 * 5)])
def test_sru_is_its_loop(input_size: int, num_parameters: int):
    cell = SRUCell(input_size, 5, highway_bias=-1.0)
    assert sum(parameter.numel() for parameter in cell.parameters()) == num_parameters
    x, inputs, p = drawn(cell, 9)
    c, expected = np.zeros(5), []
    (w, w_f, w_r), (v_f, v_r), (b_f, b_r) = (
        np.split(p["weight_ih"], 3),
        np.split(p["weight_hh"], 2),
        np.split(p["bias"], 2),
    )
    for u in inputs:
        f, r = sigmoid(w_f @ u + v_f * c + b_f), sigmoid(w_r @ u + v_r * c + b_r)
        c = f * c + (1 - f) * (w @ u)
        highway = math.sqrt(1 + 2 * math.exp(-1)) * u if input_size == 5 else p["weight_highway"] @ u
        expected.append(r * c + (1 - r) * highway)
    np.testing.assert_allclose(run(cell, x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("input_size", [256, 200])
def test_sru_starts_with_the_variances_of_its_paper(input_size: int):
    torch.manual_seed(0)
    cell = SRUCell(input_size, 256, highway_bias=-2.0)
    candidate, *gates = cell.weight_ih.detach().chunk(3)
    # A variance of n uniform numbers is off by about 0.9 / sqrt(n) of itself.
    assert candidate.var().item() * input_size == pytest.approx(1, rel=0.02)
    assert all(gate.var().item() * input_size == pytest.approx(0.5, rel=0.02) for gate in gates)
    assert cell.weight_hh.var().item() == pytest.approx(0.5, rel=0.15)
    assert cell.bias.detach().unique().tolist() == [-2.0, 0.0]  # pyright: ignore[reportOptionalMemberAccess]
    if cell.weight_highway is not None:
        scale = 1 + 2 * math.exp(-2)
        assert cell.weight_highway.var().item() * input_size == pytest.approx(scale, rel=0.02)


@pytest.mark.parametrize("pooling", ["f", "fo", "ifo"])
@pytest.mark.parametrize("window", [1, 2, 4])
def test_qrnn_is_a_convolution_and_a_pooling(pooling: str, window: int):
    cell = QRNNCell(3, 5, window=window, pooling=pooling)
    x, _, p = drawn(cell, 9)
    weight = torch.from_numpy(p["weight_ih"]).view(window, -1, 3)  # (how long ago, gates, I)
    padded = torch.nn.functional.pad(x[:, 0].T[None], (window - 1, 0))
    kernel = weight.permute(1, 2, 0).flip(-1)  # the last tap of a convolution meets the current input
    seen = torch.nn.functional.conv1d(padded, kernel, torch.from_numpy(p["bias"]))[0].T.numpy()
    z, f, *others = np.split(seen, seen.shape[1] // 5, axis=1)
    c, expected = np.zeros(5), []
    for t in range(9):
        write = sigmoid(others[1][t]) if pooling == "ifo" else 1 - sigmoid(f[t])
        c = sigmoid(f[t]) * c + write * np.tanh(z[t])
        expected.append(c if pooling == "f" else sigmoid(others[0][t]) * c)
    np.testing.assert_allclose(run(cell, x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("window", [1, 2, 4])
def test_the_window_of_a_qrnn_reaches_into_the_piece_before_and_not_past_a_reset(window: int):
    layer = Recurrent(QRNNCell(3, 5, window=window).double())
    x = torch.randn(9, 2, 3, dtype=F64)
    whole, _ = layer(x)
    first, state = layer(x[:2])
    second, _ = layer(x[2:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=0, atol=1e-14)
    resets = torch.zeros(9, 2, dtype=torch.bool)
    resets[4] = True
    torch.testing.assert_close(layer(x, resets=resets)[0][4:], layer(x[4:])[0], rtol=0, atol=1e-14)
    state = None
    for t in range(9):
        output, state = layer.step(x[t], state)
        torch.testing.assert_close(output, whole[t], rtol=0, atol=1e-14)


def test_the_linear_recurrent_unit_is_a_convolution_with_powers_of_its_eigenvalues():
    cell = LinearRecurrentCell(3, 5, output_size=2)
    x, inputs, p = drawn(cell, 12)
    eigenvalues = np.exp(-np.exp(p["nu_log"]) + 1j * np.exp(p["theta_log"]))
    b_real, b_imaginary = np.split(p["weight_ih"], 2)
    c_real, c_imaginary = np.split(p["weight_ho"], 2)
    b = np.exp(p["gamma_log"])[:, None] * (b_real + 1j * b_imaginary)
    c = c_real + 1j * c_imaginary
    kernel = [(c * eigenvalues**k @ b).real for k in range(12)]
    expected = [
        sum(kernel[k] @ inputs[t - k] for k in range(t + 1)) + p["weight_io"] @ inputs[t] for t in range(12)
    ]
    np.testing.assert_allclose(run(cell, x), expected, rtol=1e-11, atol=1e-11)


def test_the_linear_recurrent_unit_starts_on_its_ring_with_the_variance_of_the_input():
    torch.manual_seed(0)
    cell = LinearRecurrentCell(16, 4000, radius=(0.5, 0.9), max_phase=1.0)
    radius, phase = torch.exp(-torch.exp(cell.nu_log)).detach(), torch.exp(cell.theta_log).detach()
    assert 0.4999 < radius.min() < 0.51 < 0.89 < radius.max() < 0.9001
    # Uniform by area, so the median of the squares is in the middle: 0.53, give or take 0.28 / sqrt(4000).
    assert radius.square().median().item() == pytest.approx(0.53, abs=0.015)
    assert 0 < phase.min() < 0.01 < 0.99 < phase.max() < 1.0001
    with torch.no_grad():
        _, (real, imaginary) = Recurrent(cell)(torch.randn(60, 8, 16))
    # E |u + i v|^2 = gamma^2 |B x|^2 / (1 - |lambda|^2) = 1; averages over 4000 units, each with 8 draws.
    assert (real**2 + imaginary**2).mean().item() == pytest.approx(1.0, rel=0.05)


def test_eigenvalues_stay_inside_the_unit_circle():
    cell = LinearRecurrentCell(1, 3)
    with torch.no_grad():
        cell.nu_log.copy_(torch.tensor([-10.0, 0.0, 3.0]))
    output, _ = Recurrent(cell)(torch.ones(2000, 1, 1))
    assert output.isfinite().all()


def legendre(degree: int, x: float) -> float:
    return np.polynomial.Legendre.basis(degree)(x)


def memory_of(signal: np.ndarray, order: int, theta: float) -> np.ndarray:
    """The memory after each step of a cell whose encoder reads the input as it is."""
    cell = LegendreMemoryCell(1, 1, order=order, theta=theta).double()
    transition, drive = discretise(*delay_network(order, theta))
    with torch.no_grad():
        cell.transition.copy_(transition)
        cell.drive.copy_(drive)
        cell.encoder_ih.fill_(1.0)
        cell.encoder_hh.zero_()
        state, memories = cell.initial_state(1), []
        for u in signal:
            _, state = cell(torch.tensor([[u]], dtype=F64), state)
            memories.append(state[1][0].numpy())
    return np.array(memories)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_legendre_memory_delays_a_slow_signal(share: float):
    theta = 50.0
    times = np.arange(400)

    def signal(t: np.ndarray) -> np.ndarray:
        return np.sin(2 * np.pi * t / 70) + 0.5 * np.cos(2 * np.pi * t / 110)

    memory = memory_of(signal(times), order=12, theta=theta)
    decoded = memory @ [legendre(i, 2 * share - 1) for i in range(12)]
    # A signal held between steps lags by half a step; 12 polynomials resolve these waves better than that.
    late = times[100:]
    expected = signal(late + 0.5 - share * theta)
    np.testing.assert_allclose(decoded[100:], expected, atol=0.08)
    assert np.abs(decoded[100:] - signal(late + 0.5 - share * theta - 5)).max() > 0.3


def test_the_legendre_memory_of_a_constant_is_the_constant():
    memory = memory_of(np.full(400, 2.0), order=6, theta=20.0)
    np.testing.assert_allclose(memory[-1], [2, 0, 0, 0, 0, 0], atol=1e-9)


def test_discretising_is_exact_for_one_polynomial():
    """dm/dt = -m / theta + u / theta, held for one step: m = exp(-1/theta) m + (1 - exp(-1/theta)) u."""
    transition, drive = discretise(*delay_network(1, 8.0))
    assert transition.item() == pytest.approx(math.exp(-1 / 8), rel=1e-14)
    assert drive.item() == pytest.approx(1 - math.exp(-1 / 8), rel=1e-13)


def test_the_memory_is_no_parameter_and_is_saved():
    cell = LegendreMemoryCell(2, 5, order=4, theta=10.0)
    assert {"transition", "drive"} <= cell.state_dict().keys()
    assert sum(p.numel() for p in cell.parameters()) == (2 + 5 + 4) * (5 + 1)
    assert not cell.encoder_mh.any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: QRNNCell(3, 5, window=0), "`window` must be a positive integer, but it is 0."),
        (
            lambda: QRNNCell(3, 5, pooling="o"),
            "`pooling` must be one of 'f', 'fo', 'ifo', but it is 'o'. Did you mean 'fo'?",
        ),
        (
            lambda: SRUCell(3, 5, highway_bias=math.nan),
            "`highway_bias` must be a finite number, but it is nan.",
        ),
        (
            lambda: LinearRecurrentCell(3, 5, radius=(0.5, 1.0)),
            "`radius` must be a pair (low, high) with 0 < low <= high < 1, but it is (0.5, 1.0).",
        ),
        (
            lambda: LinearRecurrentCell(3, 5, radius=0.5),  # pyright: ignore[reportArgumentType]
            "`radius` must be a pair (low, high), but it is 0.5.",
        ),
        (
            lambda: LinearRecurrentCell(3, 5, max_phase=7),
            "`max_phase` must be above 0 and at most 2 pi, but it is 7.",
        ),
        (
            lambda: LinearRecurrentCell(3, 5, output_size=0),
            "`output_size` must be a positive integer, but it is 0.",
        ),
        (
            lambda: LegendreMemoryCell(3, 5, theta=0),
            "`theta` must be a positive number of time steps, but it is 0.",
        ),
        (lambda: LegendreMemoryCell(3, 5, order=0), "`order` must be a positive integer, but it is 0."),
    ],
)
def test_a_wrong_option_is_refused(make: Callable[[], object], message: str):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message
