"""The Jacobian of one step: closed forms, numpy's eigenvalues, and the product over steps."""

import numpy as np
import pytest
import torch
from plain_loops import LinearCell
from torch import Tensor

import elman
from elman import Cell, clip_gradient
from elman.cells import ElmanCell, LSTMCell
from elman.diagnostics import gradient_by_lag, step_jacobians

F64 = torch.float64
RTOL, ATOL = 1e-9, 1e-12  # float64; sums in another order


@pytest.mark.parametrize("reverse", [False, True])
def test_a_tanh_cell_has_the_jacobian_of_the_book(reverse: bool):
    cell = ElmanCell(3, 5).double()
    layer = elman.Recurrent(cell, reverse=reverse)
    input = torch.randn(6, 2, 3, dtype=F64)
    (found,) = step_jacobians(layer, input, num_sequences=2, lengths=[6, 4])
    output, _ = layer(input, lengths=[6, 4])
    for row, end in enumerate([6, 4]):
        for t in range(end):
            slope = 1 - output[t, row].detach().numpy() ** 2
            jacobian = slope[:, None] * cell.weight_hh.detach().numpy()
            values = np.linalg.svd(jacobian, compute_uv=False)
            np.testing.assert_allclose(found.singular_values[t, row], values, rtol=RTOL, atol=ATOL)
            radius = np.abs(np.linalg.eigvals(jacobian)).max()
            np.testing.assert_allclose(found.spectral_radius[t, row], radius, rtol=RTOL, atol=ATOL)
    assert np.isnan(found.singular_values[4:, 1]).all()


def test_a_linear_network_has_the_eigenvalues_of_its_weight():
    weight = torch.randn(5, 5, dtype=F64)
    (found,) = step_jacobians(elman.Recurrent(LinearCell(weight)), torch.randn(4, 1, 5, dtype=F64), every=2)
    assert list(found.steps) == [0, 2]
    expected = np.abs(np.linalg.eigvals(weight.numpy())).max()
    np.testing.assert_allclose(found.spectral_radius, expected, rtol=RTOL, atol=ATOL)


def test_one_step_agrees_with_the_gradient_at_lag_one():
    layer, input = elman.Recurrent(LSTMCell(3, 4).double()), torch.randn(5, 1, 3, dtype=F64)
    (steps,) = step_jacobians(layer, input)
    (by_lag,) = gradient_by_lag(layer, input)
    np.testing.assert_allclose(
        np.linalg.norm(steps.singular_values[4]), by_lag.frobenius[1, 0], rtol=RTOL, atol=ATOL
    )


class Odd(Cell):
    """What torch.func cannot transform, and a mask drawn before the loop."""

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        return {"scale": torch.linspace(0.1, 0.1 * num_steps, num_steps)}

    def forward(self, input: Tensor, state: Tensor, scale: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        state = clip_gradient(scale * state + input, 100.0)
        return state, state


def test_step_inputs_and_clipped_gradients_are_seen():
    (found,) = step_jacobians(elman.Recurrent(Odd(2, 2)), torch.randn(5, 3, 2), num_sequences=3)
    np.testing.assert_allclose(found.spectral_radius, 0.1 * np.arange(1, 6)[:, None] * np.ones(3), rtol=1e-6)


def test_a_state_that_is_not_a_number_has_no_values():
    layer = elman.Recurrent(LinearCell(torch.eye(2)))
    input = torch.zeros(4, 1, 2)
    with torch.no_grad():
        layer.cell.weight.fill_(torch.nan)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    (found,) = step_jacobians(layer, input)
    assert np.isnan(found.spectral_radius).all()


class RowScaled(Cell):
    """Each sequence shrinks by a factor of its own."""

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        return {
            "scale": 0.1 * torch.arange(1, batch_size + 1).float().expand(num_steps, batch_size)[..., None]
        }

    def forward(self, input: Tensor, state: Tensor, scale: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        state = scale * state + input
        return state, state


def test_step_inputs_stay_with_their_sequence_in_either_layout():
    layer = elman.Recurrent(RowScaled(2, 2), batch_first=True)
    (found,) = step_jacobians(layer, torch.randn(3, 5, 2), num_sequences=3)
    np.testing.assert_allclose(found.spectral_radius, np.tile([0.1, 0.2, 0.3], (5, 1)), rtol=1e-6)
    (by_lag,) = gradient_by_lag(layer, torch.randn(3, 5, 2))
    np.testing.assert_allclose(by_lag.frobenius[1] / by_lag.frobenius[0], [0.1, 0.2, 0.3], rtol=1e-6)
