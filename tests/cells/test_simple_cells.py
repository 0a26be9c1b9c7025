"""Simple recurrent cells: what each is known for, and what it becomes where one of its parts is left out."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman.cells import (
    Cell,
    ElmanCell,
    IndRNNCell,
    JordanCell,
    LeakyCell,
    MultiplicativeElmanCell,
    SecondOrderCell,
    SkipCell,
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


def run_free(cell: Cell, state: Any, num_steps: int) -> list[Tensor]:
    """Outputs of a cell whose input is zero."""
    outputs = []
    for _ in range(num_steps):
        output, state = cell(torch.zeros(1, cell.input_size, dtype=torch.float64), state)
        outputs.append(output)
    return outputs


def count(cell: Cell) -> int:
    return sum(parameter.numel() for parameter in cell.parameters())


class TestIdentity:
    """The simple cell whose recurrent weights start as the identity."""

    def test_a_fresh_irnn_keeps_its_state_and_its_gradient(self):
        cell = ElmanCell(3, 8, activation="relu", recurrent_init="identity").double()
        state = torch.rand(1, 8, dtype=torch.float64).requires_grad_()
        last = run_free(cell, state, 1000)[-1]
        assert torch.equal(last, state)
        (gradient,) = torch.autograd.grad(last.sum(), state)
        assert torch.equal(gradient, torch.ones_like(gradient))

    @pytest.mark.parametrize("double_bias", [False, True])
    def test_a_scale_makes_it_forget(self, double_bias: bool):
        options = {"recurrent_init": "identity", "recurrent_scale": 0.5, "double_bias": double_bias}
        cell = ElmanCell(3, 8, activation="relu", **options)
        assert torch.equal(cell.weight_hh, 0.5 * torch.eye(8))
        nn.init.ones_(cell.weight_hh)
        cell.reset_parameters()
        assert torch.equal(cell.weight_hh, 0.5 * torch.eye(8))

    def test_orthogonal_weights_are_scaled_too(self):
        weight = ElmanCell(3, 20, recurrent_scale=2.0).double().weight_hh
        torch.testing.assert_close(weight @ weight.T, 4.0 * torch.eye(20).double(), rtol=0, atol=1e-5)

    def test_scale_one_draws_what_it_always_drew(self):
        torch.manual_seed(3)
        cell = ElmanCell(3, 5)
        torch.manual_seed(3)
        nn.init.uniform_(torch.empty(5, 3))
        assert torch.equal(cell.weight_hh, nn.init.orthogonal_(torch.empty(5, 5)))


class TestIndRNN:
    """A recurrent weight for each unit, limited."""

    def test_it_is_a_simple_cell_with_a_diagonal_matrix(self):
        cell, peer = IndRNNCell(3, 5, activation="tanh").double(), ElmanCell(3, 5).double()
        weights = cell.state_dict()
        peer.load_state_dict({**weights, "weight_hh": weights["weight_hh"].diag()})
        x, state = random(20, 2, 3), random(2, 5)
        torch.testing.assert_close(Recurrent(cell)(x, state), Recurrent(peer)(x, state), **TIGHT)

    def test_it_has_one_recurrent_weight_a_unit(self):
        assert count(IndRNNCell(7, 5)) == 5 * 7 + 5 + 5

    @pytest.mark.parametrize("weight", [3.0, -3.0])
    def test_a_weight_counts_up_to_the_limit(self, weight: float):
        cell = fill(IndRNNCell(1, 1, activation="tanh", max_recurrent=0.5), weight_hh=weight)
        (output,) = run_free(cell, torch.ones(1, 1, dtype=torch.float64), 1)
        assert output.item() == pytest.approx(math.copysign(math.tanh(0.5), weight), abs=1e-15)

    def test_first_weights_are_drawn_from_their_range(self):
        weight = IndRNNCell(3, 1000, initial_recurrent=(0.9, 1.1)).weight_hh
        assert 0.9 <= weight.min() < 0.91
        assert 1.09 < weight.max() <= 1.1

    def test_with_a_limit_relu_units_learn_to_add_over_a_thousand_steps(self):
        """Numbers and two marks come in; the sum of the marked numbers is wanted at the end."""
        num_steps, batch_size = 1000, 16
        marks = torch.zeros(num_steps, batch_size)
        for row in range(batch_size):
            marks[torch.randperm(num_steps)[:2], row] = 1
        x = torch.stack([torch.rand(num_steps, batch_size), marks], dim=-1)
        target = (x[..., 0] * marks).sum(0)

        def losses(**limit: Any) -> list[float]:
            torch.manual_seed(0)
            layer = Recurrent(IndRNNCell(2, 16, initial_recurrent=(1.0, 1.2), **limit))
            head = nn.Linear(16, 1)
            nn.init.constant_(head.bias, 1.0)
            optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=1e-2)
            found = []
            for _ in range(30):
                optimizer.zero_grad()
                loss = (head(layer(x)[0][-1] / 100)[:, 0] - target).square().mean()
                loss.backward()
                optimizer.step()
                found.append(loss.item())
            return found

        limited = losses(max_recurrent=2 ** (1 / num_steps))
        assert np.isfinite(limited).all()
        assert limited[-1] < limited[0]
        assert not np.isfinite(losses()).all()


class TestLeaky:
    """Units that keep a share of their value."""

    def test_an_impulse_decays_as_alpha_to_the_t(self):
        cell = fill(LeakyCell(1, 6, alpha=(0.5, 0.999)), weight_ih=1.0, weight_hh=0.0)
        state = torch.ones(1, 6, dtype=torch.float64)
        for t, output in enumerate(run_free(cell, state, 50), start=1):
            # fifty products, each rounded once
            torch.testing.assert_close(output[0], cell.alphas**t, rtol=1e-14, atol=0)

    def test_the_rest_is_a_simple_cell(self):
        cell, peer = LeakyCell(3, 5, alpha=0.25).double(), ElmanCell(3, 5).double()
        peer.load_state_dict({name: value for name, value in cell.state_dict().items() if name != "alphas"})
        x, state = random(2, 3), random(2, 5)
        expected = 0.25 * state + 0.75 * peer(x, state)[0]
        torch.testing.assert_close(cell(x, state)[0], expected, **TIGHT)

    def test_a_range_gives_each_unit_its_own(self):
        alphas = LeakyCell(3, 1000, alpha=(0.2, 0.8)).alphas
        assert 0.2 <= alphas.min() < 0.21
        assert 0.79 < alphas.max() <= 0.8
        assert LeakyCell(3, 4, alpha=0.3).alphas.tolist() == pytest.approx([0.3] * 4)

    def test_drawn_alphas_are_saved(self):
        one, other = LeakyCell(3, 5, alpha=(0.2, 0.8)), LeakyCell(3, 5, alpha=(0.2, 0.8))
        other.load_state_dict(one.state_dict())
        assert torch.equal(one.alphas, other.alphas)

    def test_learned_alphas_start_where_fixed_ones_stand_and_move(self):
        learned = LeakyCell(3, 5, alpha=0.9, learn_alpha=True).double()
        fixed = LeakyCell(3, 5, alpha=0.9).double()
        names = ("weight_ih", "weight_hh", "bias")
        fixed.load_state_dict({name: learned.state_dict()[name] for name in names}, strict=False)
        x, state = random(2, 3), random(2, 5)
        # 0.9 goes through a logit in float32
        torch.testing.assert_close(learned(x, state), fixed(x, state), rtol=0, atol=1e-6)
        optimizer = torch.optim.SGD(learned.parameters(), lr=100.0)
        learned(x, state)[0].sum().backward()
        optimizer.step()
        alphas = torch.sigmoid(learned.alpha_logits)
        assert (alphas - 0.9).abs().min() > 1e-3
        assert ((alphas > 0) & (alphas < 1)).all()


class TestJordan:
    """The output comes back."""

    def test_numbers_of_a_scalar_cell(self):
        weights = {"weight_ih": 1.0, "weight_context": 0.5, "weight_output": 2.0}
        cell = fill(JordanCell(1, 1), **weights)
        first, state = cell(torch.ones(1, 1, dtype=torch.float64), cell.initial_state(1))
        (second,) = run_free(cell, state, 1)
        # 2 tanh(1), 2 tanh(0.5 * 1.523188312)
        torch.testing.assert_close(
            torch.cat([first, second]).flatten(),
            torch.tensor([1.523188312, 1.284030], dtype=torch.float64),
            rtol=0,
            atol=1e-6,
        )

    def test_given_its_outputs_all_steps_are_one_batch(self):
        cell = JordanCell(3, 7, output_size=2).double()
        x = random(20, 4, 3)
        output, _ = Recurrent(cell)(x)
        before = torch.cat([cell.initial_state(4)[None], output[:-1]])
        at_once, _ = cell(x.flatten(0, 1), before.flatten(0, 1))
        torch.testing.assert_close(at_once.view_as(output), output, **TIGHT)

    def test_teacher_forcing_trains_without_a_loop_over_time(self):
        teacher = JordanCell(1, 4, output_size=1).double()
        x = random(60, 8, 1)
        with torch.no_grad():
            target, _ = Recurrent(teacher)(x)
        before = torch.cat([target.new_zeros(1, 8, 1), target[:-1]])
        student = JordanCell(1, 8, output_size=1).double()
        optimizer = torch.optim.Adam(student.parameters(), lr=0.02)

        def free_running_error() -> float:
            with torch.no_grad():
                return (Recurrent(student)(x)[0] - target).square().mean().item()

        fresh = free_running_error()
        for _ in range(300):
            optimizer.zero_grad()
            output, _ = student(x.flatten(0, 1), before.flatten(0, 1))
            (output - target.flatten(0, 1)).square().mean().backward()
            optimizer.step()
        assert free_running_error() < fresh / 100

    def test_no_bias_means_neither(self):
        assert count(JordanCell(3, 5, output_size=2, bias=False)) == 5 * 3 + 5 * 2 + 2 * 5
        assert count(JordanCell(3, 5, output_size=2)) == 5 * 3 + 5 * 2 + 2 * 5 + 5 + 2


class TestMultiplicative:
    """A recurrent matrix for each input, in factors."""

    def test_factors_take_the_place_of_a_matrix_for_each_input(self):
        factors = count(MultiplicativeElmanCell(86, 50, num_factors=20)) - count(ElmanCell(86, 50)) + 50 * 50
        assert factors == 20 * (2 * 50 + 86)

    def test_a_one_hot_input_chooses_its_matrix(self):
        cell = MultiplicativeElmanCell(4, 5, num_factors=3).double()
        w_fx, w_fh, w_hf = (
            weight.detach().numpy() for weight in (cell.weight_fi, cell.weight_fh, cell.weight_hf)
        )
        matrices = np.einsum("if,fv,fj->vij", w_hf, w_fx, w_fh)
        state = random(4, 5)
        output, _ = cell(torch.eye(4, dtype=torch.float64), state)
        products = np.einsum("vij,vj->vi", matrices, state.numpy())
        np.testing.assert_allclose(
            output.detach(), np.tanh(products + cell.weight_ih.detach().numpy().T), atol=1e-14
        )

    def test_one_unit_by_hand_counts_parity(self):
        cell = fill(MultiplicativeElmanCell(2, 1), weight_ih=0.0, weight_fh=1.0, weight_hf=5.0)
        with torch.no_grad():
            cell.get_parameter("weight_fi").copy_(torch.tensor([[1.0, -1.0]]))
        bits = torch.randint(2, (500, 6))
        x = nn.functional.one_hot(bits, 2).double()
        output, _ = Recurrent(cell)(x, torch.ones(6, 1, dtype=torch.float64))
        assert torch.equal(output[..., 0] < 0, bits.cumsum(0) % 2 == 1)

    @pytest.mark.parametrize("factor_scale", [1.0, 3.0])
    def test_inputs_of_unit_size_keep_the_length_of_a_state(self, factor_scale: float):
        cell = MultiplicativeElmanCell(20, 300, factor_scale=factor_scale)
        gain = (torch.randn(50, 20) @ cell.weight_fi.T).square().mean().sqrt().item()
        # a mean over 6,000 weights and 50 inputs
        assert gain == pytest.approx(factor_scale, rel=0.1)


class TestSecondOrder:
    """A weight for each state, symbol and next state."""

    @pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
    def test_it_sums_products_of_state_and_input(self, activation: str):
        cell = SecondOrderCell(3, 5, activation=activation).double()
        nn.init.normal_(cell.get_parameter("bias"))
        weight = cell.weight.detach().numpy().reshape(5, 5, 3)
        x, state = random(4, 3), random(4, 5)
        total = np.einsum("ijk,nj,nk->ni", weight, state, x) + cell.get_parameter("bias").detach().numpy()
        expected = np.tanh(total) if activation == "tanh" else 1 / (1 + np.exp(-total))
        np.testing.assert_allclose(cell(x, state)[0].detach(), expected, atol=1e-14)

    def test_each_symbol_starts_with_an_orthogonal_matrix(self):
        cell = SecondOrderCell(4, 20, recurrent_scale=2.0).double()
        for symbol in range(4):
            matrix = cell.weight.view(20, 20, 4)[:, :, symbol]
            torch.testing.assert_close(matrix @ matrix.T, torch.eye(20).double(), rtol=0, atol=1e-6)

    def test_weights_by_hand_are_a_finite_automaton(self):
        """The fourth language of Tomita: no three zeros in a row."""
        following = torch.tensor([[1, 0], [2, 0], [3, 0], [3, 3]])  # by zeros seen so far, and by symbol
        cell = SecondOrderCell(2, 4, bias=False).double()
        with torch.no_grad():
            cell.weight.fill_(-10.0)
            for state, symbol in np.ndindex(4, 2):
                cell.weight.view(4, 4, 2)[following[state, symbol], state, symbol] = 10.0
        bits = (torch.rand(300, 200) < 0.8).long()
        start = torch.tensor([[1.0, 0, 0, 0]], dtype=torch.float64).repeat(200, 1)
        output, _ = Recurrent(cell)(nn.functional.one_hot(bits, 2).double(), start)
        texts = ["".join(map(str, row)) for row in bits.T.tolist()]
        lawful = [[("000" not in text[: t + 1]) for t in range(300)] for text in texts]
        assert torch.equal(output[..., 3] < 0.5, torch.tensor(lawful).T)


class TestSkip:
    """The state of several steps ago comes back."""

    def test_without_the_delayed_weights_it_is_a_simple_cell(self):
        cell, peer = fill(SkipCell(3, 5), weight_delayed=0.0), ElmanCell(3, 5).double()
        peer.load_state_dict(
            {name: value for name, value in cell.state_dict().items() if "delayed" not in name}
        )
        x = random(20, 2, 3)
        torch.testing.assert_close(Recurrent(cell)(x)[0], Recurrent(peer)(x)[0], **TIGHT)

    @pytest.mark.parametrize("delay", [2, 4])
    def test_it_sees_the_state_of_that_many_steps_ago(self, delay: int):
        cell = SkipCell(3, 5, delay=delay).double()
        x = random(20, 1, 3)
        output, _ = Recurrent(cell)(x)
        w, u, v = (
            weight.detach().numpy() for weight in (cell.weight_ih, cell.weight_hh, cell.weight_delayed)
        )
        states = {t: np.zeros(5) for t in range(-delay, 0)}
        for t in range(20):
            states[t] = np.tanh(w @ x[t, 0].numpy() + u @ states[t - 1] + v @ states[t - delay])
            np.testing.assert_allclose(output[t, 0].detach(), states[t], atol=1e-13)

    def test_a_gradient_along_the_delay_vanishes_d_times_more_slowly(self):
        """With positive numbers relu is linear: the gradient over T steps is 0.9 ** (T / d)."""
        delay, num_steps = 4, 40

        def slope(cell: Cell, state: Any) -> float:
            *_, last = run_free(cell, state, num_steps)
            first = state[0] if isinstance(state, tuple) else state
            (gradient,) = torch.autograd.grad(last, first)
            return math.log(gradient.item()) / num_steps

        parts = [torch.ones(1, 1, dtype=torch.float64, requires_grad=True) for _ in range(delay)]
        skip = SkipCell(1, 1, delay=delay, activation="relu")
        delayed = slope(fill(skip, weight_hh=0.0, weight_delayed=0.9), tuple(parts))
        plain = slope(fill(ElmanCell(1, 1, activation="relu"), weight_hh=0.9), parts[0])
        assert delayed / plain == pytest.approx(1 / delay, rel=1e-12)

    def test_together_the_two_first_matrices_do_not_lengthen_a_state(self):
        cell = SkipCell(3, 30)
        both = torch.linalg.matrix_norm(cell.weight_hh, 2) + torch.linalg.matrix_norm(cell.weight_delayed, 2)
        assert both.item() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ElmanCell(3, 5, recurrent_init="eye"),
            "`recurrent_init` must be one of 'orthogonal', 'identity', but it is 'eye'.",
        ),
        (
            lambda: ElmanCell(3, 5, recurrent_scale=math.nan),
            "`recurrent_scale` must be a finite number, but it is nan.",
        ),
        (
            lambda: IndRNNCell(3, 5, max_recurrent=0.0),
            "`max_recurrent` must be a positive number, but it is 0.0.",
        ),
        (
            lambda: IndRNNCell(3, 5, initial_recurrent=(1.0, 0.0)),
            "`initial_recurrent` must be a pair (low, high), but it is (1.0, 0.0).",
        ),
        (lambda: LeakyCell(3, 5, alpha=1.0), "`alpha` must be above 0 and below 1, but it is 1.0."),
        (
            lambda: LeakyCell(3, 5, alpha=(0.1, 0.2, 0.3)),  # pyright: ignore[reportArgumentType]
            "`alpha` must be a number or a pair (low, high), but it is (0.1, 0.2, 0.3).",
        ),
        (lambda: LeakyCell(3, 5, alpha="learn"), "`alpha` must be a finite number, but it is 'learn'."),  # pyright: ignore[reportArgumentType]
        (lambda: JordanCell(3, 5, output_size=0), "`output_size` must be a positive integer, but it is 0."),
        (
            lambda: MultiplicativeElmanCell(3, 5, num_factors=0),
            "`num_factors` must be a positive integer, but it is 0.",
        ),
        (
            lambda: SkipCell(3, 5, delay=1),
            "`delay` must be at least 2, but it is 1. Use ElmanCell for 1.",
        ),
    ],
)
def test_a_wrong_option_is_refused(make: Callable[[], object], message: str):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message
