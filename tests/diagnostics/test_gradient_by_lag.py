"""Jacobians over many steps: closed forms, and torch's own."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from plain_loops import LinearCell
from torch import nn

import elman
from elman import diagnostics
from elman.cells import LSTMCell
from elman.diagnostics import gradient_by_lag, lags

F64 = torch.float64


@pytest.mark.parametrize(("factor", "expected"), [(0.9, 2.656e-5), (1.1, 1.378e4)])
def test_a_linear_network_shrinks_and_grows_as_a_power(factor: float, expected: float):
    layer = elman.Recurrent(LinearCell(factor * torch.eye(4)))
    (found,) = gradient_by_lag(layer, torch.randn(101, 2, 4), spectral=True)
    assert found.gain[100] == pytest.approx(expected, rel=2e-4)  # the four digits given
    assert found.spectral is not None
    np.testing.assert_allclose(found.spectral[100], expected, rtol=2e-4)
    np.testing.assert_allclose(found.frobenius[100], 2 * expected, rtol=2e-4)  # the root of H = 4 times


def test_the_horizon_of_a_linear_network():
    layer = elman.Recurrent(LinearCell(0.9 * torch.eye(4, dtype=F64)))
    (found,) = gradient_by_lag(layer, torch.randn(60, 1, 4, dtype=F64))
    assert found.horizon(0.01) == 1 + math.ceil(math.log(0.01) / math.log(0.9))
    assert found.horizon(1e-9) == math.inf


def test_an_lstm_whose_gate_stays_open_forgets_nothing():
    cell = LSTMCell(3, 4).double()
    with torch.no_grad():
        cell.weight_ih.zero_()
        cell.weight_hh.zero_()
        cell.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
        cell.bias[4:8] = 40.0  # pyright: ignore[reportOptionalSubscript]
    (found,) = gradient_by_lag(elman.Recurrent(cell), torch.randn(100, 1, 3, dtype=F64))
    assert found.gain[99] / found.gain[1] == pytest.approx(1.0, abs=1e-9)  # 1 - sigmoid(40) is 4e-18


@pytest.mark.parametrize("make", [nn.GRU, elman.LSTM, nn.RNN])
def test_norms_are_those_of_torchs_jacobian(make: Any):
    layer = make(3, 4, dtype=F64)
    input, lengths = torch.randn(7, 2, 3, dtype=F64), [7, 4]
    given: dict[str, Any] = {} if make is not elman.LSTM else {"lengths": lengths}
    (found,) = gradient_by_lag(layer, input, spectral=True, **given)
    plain = getattr(nn, make.__name__)(3, 4, dtype=F64)
    plain.load_state_dict(layer.state_dict())

    for row, end in enumerate(lengths if given else [7, 7]):

        def last_state(state: torch.Tensor, first: int, row: int = row, end: int = end) -> torch.Tensor:
            parts = tuple(part.view(1, 1, 4) for part in state.split(4))
            hx = parts if len(parts) == 2 else parts[0]
            _, final = plain(input[first:end, row : row + 1], hx)
            return torch.cat(final).flatten() if isinstance(final, tuple) else final.flatten()

        for first in range(1, end):
            _, before = plain(input[:first, row : row + 1])
            state = torch.cat(before).flatten() if isinstance(before, tuple) else before.flatten()
            jacobian = torch.autograd.functional.jacobian(
                lambda s, first=first, last_state=last_state: last_state(s, first), state.detach()
            )
            assert isinstance(jacobian, torch.Tensor)
            np.testing.assert_allclose(found.frobenius[end - first, row], jacobian.norm(), rtol=1e-9)
            assert found.spectral is not None
            largest = torch.linalg.matrix_norm(jacobian, 2)
            np.testing.assert_allclose(found.spectral[end - first, row], largest, rtol=1e-9)
        assert np.isnan(found.frobenius[end:, row]).all()


def test_a_large_state_is_estimated(monkeypatch: pytest.MonkeyPatch):
    layer, input = elman.GRU(3, 40), torch.randn(12, 3, 3)
    (exact,) = gradient_by_lag(layer, input)
    monkeypatch.setattr(lags, "LARGEST_EXACT", 10)
    (estimate,) = gradient_by_lag(layer, input, spectral=True)
    assert exact.is_exact
    assert not estimate.is_exact
    assert estimate.spectral is None
    # 64 directions: a relative standard error of 1/sqrt(2 * 64) of the norm, or less; four of them.
    np.testing.assert_allclose(estimate.frobenius, exact.frobenius, rtol=4 / math.sqrt(128))


def test_every_layer_and_direction_is_looked_at():
    layer = elman.GRU(3, 4, num_layers=2, bidirectional=True)
    found = gradient_by_lag(layer, torch.randn(9, 3, 3), lengths=[9, 2, 1])
    assert [one.layer for one in found] == ["layer 0", "layer 0, reverse", "layer 1", "layer 1, reverse"]
    for one in found:
        np.testing.assert_array_equal(np.isnan(one.frobenius).sum(axis=0), [0, 7, 8])
        np.testing.assert_allclose(one.frobenius[0], 2.0)  # the identity of 4


def test_public_names_are_listed():
    assert {"gradient_by_lag", "gates", "step_jacobians", "memory_capacity"} <= set(diagnostics.__all__)
