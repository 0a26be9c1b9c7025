"""Reservoirs: scaled as asked, fixed, forgetting, and good enough for tasks with known baselines."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from elman.cells import EchoStateCell
from elman.errors import OptionError
from elman.layers import Recurrent, RidgeReadout

F64 = torch.float64


def states_of(cell: EchoStateCell, signal: np.ndarray, backend: str = "llvm") -> Tensor:
    """The states of one sequence of one feature, (T, 1, H)."""
    return Recurrent(cell, backend=backend)(torch.from_numpy(signal).view(-1, 1, 1))[0]


def reservoir_in_numpy(cell: EchoStateCell, signal: np.ndarray) -> np.ndarray:
    w, u, b = cell.weight_ih[:, 0].numpy(), cell.weight_hh.numpy(), cell.bias.numpy()
    h, states = np.zeros(len(b)), []
    for x in signal:
        h = (1 - cell.leak) * h + cell.leak * np.tanh(w * x + u @ h + b)
        states.append(h)
    return np.array(states)


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """Root mean square, as a share of the truth's own deviation."""
    return float(np.sqrt(np.mean((found - truth) ** 2) / np.var(truth)))


@pytest.mark.parametrize("connectivity", [None, 0.05, 1.0])
@pytest.mark.parametrize("hidden_size", [1, 5, 100])
def test_the_spectral_radius_and_the_connections_are_as_asked(connectivity: float | None, hidden_size: int):
    for seed in range(3):
        cell = EchoStateCell(1, hidden_size, spectral_radius=1.3, connectivity=connectivity, seed=seed)
        radius = np.abs(np.linalg.eigvals(cell.weight_hh.double().numpy())).max()
        assert radius == pytest.approx(1.3, rel=1e-5)  # of weights that are rounded to float32
        expected = {None: 10, 0.05: max(round(0.05 * hidden_size), 1), 1.0: hidden_size}[connectivity]
        assert ((cell.weight_hh != 0).sum(1) == min(expected, hidden_size)).all()


def test_inputs_and_biases_have_their_scales():
    cell = EchoStateCell(20, 200, input_scaling=0.3, bias_scaling=2.0)
    assert 0.29 < cell.weight_ih.abs().max() <= 0.3
    assert 1.8 < cell.bias.abs().max() <= 2.0
    assert not EchoStateCell(1, 5, bias_scaling=0.0).bias.any()


def test_a_seed_gives_the_same_reservoir_and_no_seed_another():
    def weights(seed: int | None) -> Tensor:
        return EchoStateCell(2, 20, seed=seed).weight_hh

    state = torch.get_rng_state()
    torch.testing.assert_close(weights(3), weights(3), rtol=0, atol=0)
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(weights(3), weights(4))
    assert not torch.equal(weights(None), weights(None))


def test_there_is_nothing_to_train_and_everything_is_saved():
    cell = EchoStateCell(2, 5)
    assert list(cell.parameters()) == []
    assert list(cell.state_dict()) == ["weight_ih", "weight_hh", "bias"]
    assert cell.double().initial_state(3).dtype == F64


@pytest.mark.parametrize("leak", [1.0, 0.3])
def test_the_states_are_those_of_a_loop(leak: float):
    cell = EchoStateCell(1, 30, leak=leak, seed=0).double()
    signal = np.random.default_rng(0).normal(size=50)
    found = states_of(cell, signal)[:, 0].numpy()
    np.testing.assert_allclose(found, reservoir_in_numpy(cell, signal), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("spectral_radius", "forgets"), [(0.8, True), (3.0, False)])
def test_a_small_radius_forgets_where_it_started(spectral_radius: float, forgets: bool):
    cell = EchoStateCell(1, 100, spectral_radius=spectral_radius, bias_scaling=0.0, seed=0).double()
    layer = Recurrent(cell)
    x = 0.1 * torch.randn(300, 1, 1, dtype=F64, generator=torch.Generator().manual_seed(0))
    ends = [layer(x, torch.full((1, 100), start, dtype=F64))[1] for start in (-0.5, 0.5)]
    apart = (ends[0] - ends[1]).abs().max().item()
    assert apart < 1e-12 if forgets else apart > 0.1


def narma(num_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """NARMA-10: y_{t+1} = 0.3 y_t + 0.05 y_t (y_t + ... + y_{t-9}) + 1.5 u_{t-9} u_t + 0.1."""
    u = np.random.default_rng(seed).uniform(0, 0.5, num_steps)
    y = np.zeros(num_steps)
    for t in range(9, num_steps - 1):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 9] * u[t] + 0.1
    return u[:-1], y[1:]


def test_narma_is_learned_far_better_than_by_a_linear_filter():
    train, test = narma(2000, seed=1), narma(1000, seed=2)
    cell = EchoStateCell(1, 300, spectral_radius=0.9, input_scaling=0.5, bias_scaling=0.3, seed=0).double()
    states = {name: states_of(cell, u) for name, (u, _) in {"train": train, "test": test}.items()}
    before = {name: part.clone() for name, part in cell.named_buffers()}
    readout = RidgeReadout(300, 1, penalty=1e-8).double()
    readout.fit(states["train"], torch.from_numpy(train[1]).view(-1, 1, 1), washout=100)
    assert all(torch.equal(part, before[name]) for name, part in cell.named_buffers())
    found = readout(states["test"])[100:, 0, 0].numpy()

    # The same by numpy alone: its loop, and its least squares with the penalty as rows of their own.
    loops = [reservoir_in_numpy(cell, u)[100:] for u, _ in (train, test)]
    mean, mean_target = loops[0].mean(0), train[1][100:].mean()
    rows = np.concatenate([loops[0] - mean, math.sqrt(1e-8) * np.eye(300)])
    targets = np.concatenate([train[1][100:] - mean_target, np.zeros(300)])
    weight = np.linalg.lstsq(rows, targets)[0]
    peer = (loops[1] - mean) @ weight + mean_target
    # The condition number of the rows is 2e4, which leaves 12 digits of the weights.
    np.testing.assert_allclose(found, peer, atol=1e-10)

    def window(u: np.ndarray) -> np.ndarray:
        delayed = [np.roll(u, k) for k in range(20)]
        return np.stack([*delayed, np.ones(len(u))], axis=1)[100:]

    linear = window(test[0]) @ np.linalg.lstsq(window(train[0]), train[1][100:])[0]
    truth = test[1][100:]
    assert error(found, truth) < 0.6 * error(linear, truth)


def test_the_memory_of_a_linear_reservoir_is_at_most_its_size():
    """Jaeger's bound: the shares of the input that can be recalled, over all delays, sum to H at most."""
    cell = EchoStateCell(1, 20, input_scaling=1e-3, bias_scaling=0.0, seed=1).double()
    u = np.random.default_rng(0).uniform(-1, 1, 4000)
    states = states_of(cell, u)
    delayed = torch.stack([torch.from_numpy(np.roll(u, k)) for k in range(60)], dim=-1)[:, None]
    readout = RidgeReadout(20, 60, penalty=0.0).double().fit(states, delayed, washout=100)
    recalled, truth = readout(states)[100:, 0], delayed[100:, 0]
    shares = 1 - (recalled - truth).square().mean(0) / truth.var(0, correction=0)
    # Fitted shares of noise alone average 20 / 3900 each, 0.3 over 60 delays.
    assert 5 < shares.sum().item() < 20.5
    assert shares[1] > 0.99


def test_a_frequency_is_turned_into_its_wave():
    """The network is given the frequency alone, makes a wave of it from its own output, and keeps it up."""
    t = np.arange(600)
    frequencies = np.linspace(0.15, 0.3, 4)
    waves = np.sin(frequencies[:, None] * t)
    cell = EchoStateCell(2, 200, spectral_radius=0.8, input_scaling=0.7, seed=3).double()
    layer = Recurrent(cell)

    def as_input(wave: np.ndarray, frequency: np.ndarray) -> Tensor:
        both = np.stack([wave, np.broadcast_to(4 * frequency[:, None], wave.shape)], axis=-1)
        return torch.from_numpy(both).transpose(0, 1)

    states, final = layer(as_input(waves[:, :-1], frequencies))
    readout = RidgeReadout(200, 1, penalty=1e-6).double()
    readout.fit(states, torch.from_numpy(waves[:, 1:]).T[..., None], washout=100)
    wave, made = readout(states[-1]), []
    for _ in range(60):
        output, final = layer.step(torch.cat([wave, torch.from_numpy(4 * frequencies)[:, None]], -1), final)
        wave = readout(output)
        made.append(wave[:, 0].numpy())
    expected = np.sin(frequencies * np.arange(600, 660)[:, None])
    assert error(np.array(made), expected) < 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: EchoStateCell(1, 5, spectral_radius=0),
            "`spectral_radius` must be positive, but it is 0.",
        ),
        (lambda: EchoStateCell(1, 5, input_scaling=-1), "`input_scaling` must be positive, but it is -1."),
        (
            lambda: EchoStateCell(1, 5, connectivity=1.5),
            "`connectivity` must be above 0 and at most 1, but it is 1.5.",
        ),
        (lambda: EchoStateCell(1, 5, leak=0), "`leak` must be above 0 and at most 1, but it is 0."),
        (
            lambda: EchoStateCell(1, 5, bias_scaling=math.inf),
            "`bias_scaling` must be a finite number, but it is inf.",
        ),
        (
            lambda: EchoStateCell(1, 5, seed=0.5),  # pyright: ignore[reportArgumentType]
            "`seed` must be an integer or None, but it is 0.5.",
        ),
    ],
)
def test_a_wrong_option_is_refused(make: Callable[[], object], message: str):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message
