"""Cells that follow a differential equation or a clock: their solutions, their limits, their time scales."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman.cells import (
    Cell,
    CfCCell,
    ClockworkCell,
    ContinuousTimeCell,
    CoRNNCell,
    ElmanCell,
    LEMCell,
    LSTMCell,
)
from elman.errors import OptionError
from elman.layers import Recurrent

# float64, sums of a few terms in another order
TIGHT = {"rtol": 0, "atol": 1e-13}


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def fill(cell: Cell, **values: float) -> Any:
    """The cell in float64 with each named parameter filled with one number."""
    cell = cell.double()
    for name, value in values.items():
        nn.init.constant_(cell.get_parameter(name), value)
    return cell


def count(cell: Cell) -> int:
    return sum(parameter.numel() for parameter in cell.parameters())


def constant_input(value: Tensor, num_steps: int) -> Tensor:
    return value.expand(num_steps, *value.shape)


def runge_kutta(slope: Callable[[np.ndarray], np.ndarray], y: np.ndarray, end: float) -> np.ndarray:
    """The solution at a time, by the classical method of order four in 20,000 steps."""
    h = end / 20_000
    for _ in range(20_000):
        a = slope(y)
        b = slope(y + h / 2 * a)
        c = slope(y + h / 2 * b)
        y = y + h / 6 * (a + 2 * b + 2 * c + slope(y + h * c))
    return y


class TestContinuousTime:
    """Euler's method on a network of leaky units."""

    def test_half_the_step_halves_the_error(self):
        torch.manual_seed(1)
        weights = ContinuousTimeCell(2, 4, tau=(0.5, 2.0)).double().state_dict()
        weights["weight_hh"] = 3 * random(4, 4)
        x, start, end = random(1, 2), random(1, 4), 2.0
        w_x = (x @ weights["weight_ih"].T)[0].numpy()
        u, theta, tau = (weights[name].numpy() for name in ("weight_hh", "threshold", "taus"))
        exact = runge_kutta(
            lambda y: (w_x + u @ (1 / (1 + np.exp(theta - y))) - y) / tau, start[0].numpy(), end
        )

        def error(num_steps: int) -> float:
            cell = ContinuousTimeCell(2, 4, tau=(0.5, 2.0), step_size=end / num_steps).double()
            cell.load_state_dict(weights)
            _, state = Recurrent(cell)(constant_input(x, num_steps), start)
            return np.abs(state[0].detach().numpy() - exact).max()

        # a method of first order; the terms of second order are a few hundredths at these steps
        assert error(200) / error(400) == pytest.approx(2, rel=0.05)
        assert error(400) < 0.01

    def test_it_comes_to_rest_where_the_slope_is_zero(self):
        cell = ContinuousTimeCell(2, 4, tau=(0.5, 2.0), step_size=0.2).double()
        x = random(1, 2)
        _, state = Recurrent(cell)(constant_input(x, 500), random(1, 4))
        slope = x @ cell.weight_ih.T + torch.sigmoid(state - cell.threshold) @ cell.weight_hh.T - state
        assert slope.abs().max() < 1e-12
        assert state.abs().max() > 0.1

    def test_without_others_a_unit_closes_in_on_its_input_with_its_own_time_constant(self):
        cell = fill(ContinuousTimeCell(1, 3, tau=(1.0, 50.0), step_size=0.5), weight_ih=1.0, weight_hh=0.0)
        _, state = Recurrent(cell)(torch.ones(20, 1, 1, dtype=torch.float64))
        torch.testing.assert_close(1 - state[0], (1 - 0.5 / cell.taus) ** 20, rtol=0, atol=1e-12)

    def test_learned_time_constants_start_where_fixed_ones_stand_and_move(self):
        cell = ContinuousTimeCell(2, 3, tau=(2.0, 3.0), learn_tau=True).double()
        first = cell.log_tau.detach().exp()
        assert ((first >= 2) & (first <= 3)).all()
        state, _ = cell(random(1, 2), random(1, 3))
        state.sum().backward()
        assert cell.log_tau.grad is not None
        assert cell.log_tau.grad.abs().min() > 0


class TestClockwork:
    """Groups of units that wait."""

    def test_a_group_is_constant_between_its_steps(self):
        periods = (1, 2, 4, 8)
        output, _ = Recurrent(ClockworkCell(3, 12, periods=periods).double())(random(40, 2, 3))
        for period, group in zip(periods, output.split(3, dim=-1), strict=True):
            for t in range(1, 40):
                moved = (group[t] != group[t - 1]).all()
                kept = (group[t] == group[t - 1]).all()
                assert moved if t % period == 0 else kept

    def test_it_is_the_loop_over_t_of_the_paper(self):
        periods = np.array([1, 1, 3, 3, 5, 5])
        cell: Any = ClockworkCell(2, 6, periods=(1, 3, 5)).double()
        x = random(31, 1, 2)
        output, _ = Recurrent(cell)(x)
        w, u, b = (parameter.detach().numpy() for parameter in (cell.weight_ih, cell.weight_hh, cell.bias))
        hidden = np.zeros(6)
        for t in range(31):
            new = hidden.copy()
            for unit in range(6):
                if t % periods[unit] == 0:
                    seen = [j for j in range(6) if periods[j] >= periods[unit]]
                    new[unit] = np.tanh(w[unit] @ x[t, 0].numpy() + u[unit, seen] @ hidden[seen] + b[unit])
            hidden = new
            np.testing.assert_allclose(output[t, 0].detach(), hidden, atol=1e-13)

    def test_fast_groups_do_not_reach_slow_ones(self):
        cell = ClockworkCell(3, 6, periods=(1, 2, 4)).double()

        hidden, (_, step) = random(1, 6).requires_grad_(), cell.initial_state(1)
        output, _ = cell(torch.zeros(1, 3, dtype=torch.float64), (hidden, step))
        rows = [torch.autograd.grad(unit, hidden, retain_graph=True)[0] for unit in output[0]]
        jacobian = torch.cat(rows)
        blocks = torch.tensor([[1, 1, 1], [0, 1, 1], [0, 0, 1]]).repeat_interleave(2, 0)
        assert torch.equal(jacobian != 0, blocks.repeat_interleave(2, 1) == 1)

    def test_one_group_of_period_one_is_a_simple_cell(self):
        cell, peer = ClockworkCell(3, 5, periods=(1,)).double(), ElmanCell(3, 5).double()
        peer.load_state_dict(cell.state_dict())
        x = random(20, 2, 3)
        torch.testing.assert_close(Recurrent(cell)(x)[0], Recurrent(peer)(x)[0], **TIGHT)

    def test_pieces_resets_and_reverse_keep_the_count(self):
        cell = ClockworkCell(3, 8).double()
        x = random(21, 2, 3)
        whole, final = Recurrent(cell)(x)
        first, state = Recurrent(cell)(x[:5])
        second, state = Recurrent(cell)(x[5:], state)
        torch.testing.assert_close((torch.cat([first, second]), state), (whole, final), **TIGHT)
        resets = torch.zeros(21, 2, dtype=torch.bool)
        resets[5] = True
        torch.testing.assert_close(
            Recurrent(cell)(x, resets=resets)[0][5:], Recurrent(cell)(x[5:])[0], **TIGHT
        )
        backward, _ = Recurrent(cell, reverse=True)(x, lengths=torch.tensor([21, 6]))
        own, _ = Recurrent(cell)(x[:6, 1:].flip(0))
        torch.testing.assert_close(backward[:6, 1:], own.flip(0), **TIGHT)

    def test_the_count_stays_exact(self):
        cell = ClockworkCell(1, 3, periods=(1, 7, 11))
        assert cell.cycle == 77
        state = cell.initial_state(1)
        for t in range(1, 200):
            _, state = cell(torch.zeros(1, 1), state)
            assert state[1].item() == t % 77

    def test_units_are_shared_out_evenly(self):
        assert ClockworkCell(3, 10).unit_periods.tolist() == [1, 1, 1, 2, 2, 2, 4, 4, 8, 8]
        assert ClockworkCell(3, 2).unit_periods.tolist() == [1, 2]

    def test_only_weights_are_saved(self):
        assert set(ClockworkCell(3, 5).state_dict()) == {"weight_ih", "weight_hh", "bias"}


class TestCoRNN:
    """Damped oscillators."""

    def test_alone_a_unit_is_a_damped_oscillator(self):
        """The solution of y'' = -gamma y - epsilon y'; a method of first order."""
        gamma, epsilon, end = 4.0, 0.5, 3.0
        frequency = math.sqrt(gamma - epsilon**2 / 4)
        phase = math.cos(frequency * end) + epsilon / 2 / frequency * math.sin(frequency * end)
        exact = math.exp(-epsilon / 2 * end) * phase

        def error(num_steps: int) -> float:
            cell = CoRNNCell(1, 1, step_size=end / num_steps, gamma=gamma, epsilon=epsilon)
            cell = fill(cell, weight_hh=0.0, weight_velocity=0.0)
            start = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
            output, _ = Recurrent(cell)(torch.zeros(num_steps, 1, 1, dtype=torch.float64), start)
            return abs(output[-1].item() - exact)

        assert error(1000) / error(2000) == pytest.approx(2, rel=0.05)
        assert error(2000) < 1e-3

    def test_it_is_driven_by_input_position_and_velocity(self):
        cell = CoRNNCell(2, 3, step_size=0.1, gamma=2.0, epsilon=3.0).double()
        x, y, z = random(1, 2), random(1, 3), random(1, 3)
        force = nn.functional.linear(
            torch.cat([x, y, z], 1),
            torch.cat([cell.weight_ih, cell.weight_hh, cell.weight_velocity], 1),
            cell.bias,
        )
        velocity = z + 0.1 * (torch.tanh(force) - 2 * y - 3 * z)
        output, state = cell(x, (y, z))
        torch.testing.assert_close(state, (y + 0.1 * velocity, velocity), **TIGHT)
        assert output is state[0]

    def test_number_of_parameters(self):
        # I H + 2 H H + H
        assert count(CoRNNCell(1, 128)) == 128 + 2 * 128 * 128 + 128


class TestLEM:
    """Two states with time steps of their own."""

    def test_it_has_the_parameters_of_an_lstm(self):
        assert count(LEMCell(7, 5)) == count(LSTMCell(7, 5))

    def test_steps_of_zero_keep_everything(self):
        cell = LEMCell(1, 1).double()
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.zero_()
            assert cell.bias is not None
            cell.bias[:2] = -800.0
        start = random(1, 1).requires_grad_(), random(1, 1).requires_grad_()
        _, final = Recurrent(cell)(torch.ones(1000, 1, 1, dtype=torch.float64), start)
        assert final == start
        assert torch.autograd.grad(final[1].sum(), start[1])[0].item() == 1.0

    def test_steps_of_one_are_two_simple_cells_in_a_row(self):
        cell = LEMCell(3, 5).double()
        lower, upper = ElmanCell(3, 5).double(), ElmanCell(3, 5).double()
        with torch.no_grad():
            assert cell.bias is not None
            cell.bias[:10] = 800.0
            cell.bias[10:] = random(10)
            for part, peer in [(slice(10, 15), lower), (slice(15, 20), upper)]:
                peer.weight_ih.copy_(cell.weight_ih[part])
                assert peer.bias is not None
                peer.bias.copy_(cell.bias[part])
            lower.weight_hh.copy_(cell.weight_hh[10:])
            upper.weight_hh.copy_(cell.weight_memory)
        x, state = random(2, 3), (random(2, 5), random(2, 5))
        memory, _ = lower(x, state[0])
        output, _ = upper(x, memory)
        torch.testing.assert_close(cell(x, state), (output, (output, memory)), **TIGHT)

    def test_the_step_size_bounds_the_way_of_a_unit(self):
        cell = LEMCell(3, 50, step_size=0.01).double()
        output, state = random(9, 50).tanh(), (random(9, 50).tanh(), random(9, 50).tanh())
        output, (_, memory) = cell(100 * random(9, 3), state)
        # a squashed value and a state between -1 and 1 lie at most 2 apart
        assert 0.01 < (output - state[0]).abs().max() <= 0.02
        assert 0.01 < (memory - state[1]).abs().max() <= 0.02


class TestCfC:
    """A gate that the elapsed time opens."""

    def heads(self, cell: CfCCell, x: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        return cell.heads(torch.cat([x, state], dim=1)).chunk(3, dim=1)

    def test_after_no_time_it_is_between_the_heads(self):
        cell = CfCCell(3, 5, elapsed=1e-300).double()
        x, state = random(4, 3), random(4, 5)
        _, first, second = self.heads(cell, x, state)
        expected = (torch.tanh(first) + torch.tanh(second)) / 2
        torch.testing.assert_close(cell(x, state)[0], expected, **TIGHT)

    def test_after_a_long_time_it_is_one_of_them(self):
        cell = CfCCell(3, 5, elapsed=1e9).double()
        x, state = random(4, 3), random(4, 5)
        rate, first, second = self.heads(cell, x, state)
        expected = torch.where(rate > 0, torch.tanh(second), torch.tanh(first))
        torch.testing.assert_close(cell(x, state)[0], expected, **TIGHT)

    @pytest.mark.parametrize("backbone_size", [None, 6])
    def test_the_time_may_come_with_the_input(self, backbone_size: int | None):
        cell = CfCCell(4, 5, backbone_size=backbone_size, elapsed_in_input=True).double()
        x = random(9, 2, 3)
        for elapsed in (0.5, 3.0):
            peer = CfCCell(3, 5, backbone_size=backbone_size, elapsed=elapsed).double()
            peer.load_state_dict(cell.state_dict())
            timed = torch.cat([x, torch.full_like(x[..., :1], elapsed)], dim=-1)
            torch.testing.assert_close(Recurrent(cell)(timed)[0], Recurrent(peer)(x)[0], **TIGHT)

    def test_number_of_parameters(self):
        assert count(CfCCell(7, 5)) == 15 * (7 + 5) + 15
        assert count(CfCCell(7, 5, backbone_size=11)) == 11 * (7 + 5) + 11 + 15 * 11 + 15

    def test_the_layer_before_the_heads_squashes_as_lecun(self):
        """f(1) = 1 and f(-1) = -1, to the digits of its constants."""
        cell = CfCCell(1, 1, backbone_size=1).double()
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.fill_(0.0)
            cell.backbone.bias.fill_(1.0)
            cell.heads.weight[1:] = 1.0
        output, _ = cell(torch.zeros(1, 1).double(), torch.zeros(1, 1).double())
        assert output.item() == pytest.approx(math.tanh(1.0), abs=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ContinuousTimeCell(3, 5, tau=0.0), "`tau` must be above 0, but it is 0.0."),
        (
            lambda: ContinuousTimeCell(3, 5, tau=(0.5, 2.0), step_size=0.6),
            "`step_size` must be positive and at most the smallest `tau`, 0.5, or a step overshoots what it "
            "moves towards; but it is 0.6.",
        ),
        (
            lambda: ClockworkCell(3, 5, periods=()),
            "`periods` must be a tuple of positive integers, but it is ().",
        ),
        (
            lambda: ClockworkCell(3, 5, periods=(1, 0)),
            "`periods[1]` must be a positive integer, but it is 0.",
        ),
        (lambda: ClockworkCell(3, 5, periods=(2, 1)), "`periods` must be ascending, but it is (2, 1)."),
        (lambda: CoRNNCell(3, 5, gamma=0.0), "`gamma` must be positive, but it is 0.0."),
        (
            lambda: LEMCell(3, 5, step_size=1.5),
            "`step_size` must be above 0 and at most 1, but it is 1.5.",
        ),
        (lambda: CfCCell(3, 5, elapsed=-1.0), "`elapsed` must be positive, but it is -1.0."),
        (
            lambda: CfCCell(1, 5, elapsed_in_input=True),
            "`elapsed_in_input=True` needs an `input_size` of 2 or more, but it is 1.",
        ),
        (
            lambda: CfCCell(3, 5, backbone_size=0),
            "`backbone_size` must be a positive integer, but it is 0.",
        ),
    ],
)
def test_a_wrong_option_is_refused(make: Callable[[], object], message: str):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message
