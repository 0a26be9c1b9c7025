"""The LSTM and its relatives: numbers by hand, counts of parameters, and what becomes what."""

from typing import Any

import numpy as np
import pytest
import torch
from test_equations import assert_follows_its_equations
from torch import Tensor, nn

from elman.cells import (
    Cell,
    CoupledLSTMCell,
    LayerNormLSTMCell,
    LSTM1997Cell,
    LSTMBlockCell,
    LSTMCell,
    MultiplicativeLSTMCell,
    PeepholeLSTMCell,
    ProjectionLSTMCell,
    SLSTMCell,
)
from elman.errors import OptionError
from elman.layers import Recurrent

TIGHT = {"rtol": 0, "atol": 1e-12}


def sequence(num_steps: int = 6, batch_size: int = 4, input_size: int = 3) -> Tensor:
    return torch.randn(num_steps, batch_size, input_size, dtype=torch.float64)


def run(cell: Cell, input: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """The plain loop in float64."""
    cell = cell.double()
    state = cell.initial_state(input.shape[1]) if state is None else state
    outputs = []
    for x in input:
        output, state = cell(x, state)
        outputs.append(output)
    return torch.stack(outputs), state


def scalar(cell: Cell, inputs: tuple[float, ...], **biases: float) -> list[Any]:
    """States of a scalar cell whose weights are 1 and whose other parameters are 0 unless they are given."""
    for name, parameter in cell.double().named_parameters():
        nn.init.constant_(parameter, biases.get(name, 1.0 if name.startswith("weight") else 0.0))
    state, states = cell.initial_state(1), []
    for value in inputs:
        _, state = cell(torch.tensor([[value]], dtype=torch.float64), state)
        states.append([part.item() for part in state])
    return states


def num_parameters(cell: Cell) -> int:
    return sum(parameter.numel() for parameter in cell.parameters())


def share_parameters(cell: Cell, other: Cell) -> None:
    """Give `cell` all parameters of `other`; those that it has besides become zero."""
    given = other.state_dict()
    cell.load_state_dict(
        {name: given.get(name, torch.zeros_like(v)) for name, v in cell.state_dict().items()}
    )
    assert given.keys() <= cell.state_dict().keys()


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


class TestBlocks:
    def test_blocks_of_one_cell_are_the_lstm(self):
        lstm, blocks = LSTMCell(3, 6).double(), LSTMBlockCell(3, 6).double()
        blocks.load_state_dict(lstm.state_dict(), strict=True)
        x = sequence()
        torch.testing.assert_close(run(blocks, x), run(lstm, x), rtol=0, atol=0)

    @pytest.mark.parametrize(("cells_per_block", "count"), [(4, 2_408), (1, 5_504)])
    def test_number_of_parameters(self, cells_per_block: int, count: int):
        assert num_parameters(LSTMBlockCell(10, 32, cells_per_block=cells_per_block)) == count

    def test_equations_of_several_cells_in_a_block(self):
        assert_follows_its_equations(LSTMBlockCell(3, 6, cells_per_block=2))
        assert_follows_its_equations(LSTMBlockCell(3, 5, cells_per_block=5, bias=False))

    def test_the_cells_of_a_block_share_their_gates(self):
        """Where all candidates are alike, so are the cells of a block, and blocks differ."""
        cell = LSTMBlockCell(3, 6, cells_per_block=3).double()
        with torch.no_grad():
            for parameter in (cell.weight_ih, cell.weight_hh, cell.bias):
                assert parameter is not None
                parameter[4:10] = 0.1  # rows: 2 input gates, 2 forget gates, 6 candidates, 2 output gates
        output, (_, memory) = run(cell, sequence())
        for part in (output, memory):
            first, second = part[..., :3], part[..., 3:]
            torch.testing.assert_close(first, first[..., :1].expand_as(first), **TIGHT)
            torch.testing.assert_close(second, second[..., :1].expand_as(second), **TIGHT)
            assert ((first - second).abs() > 1e-3).any()

    def test_the_forget_gates_of_all_blocks_start_at_their_bias(self):
        cell = LSTMBlockCell(3, 6, cells_per_block=3, forget_bias=2.0)
        assert cell.bias is not None
        assert cell.bias.tolist() == [0, 0, 2, 2, *[0] * 6, 0, 0]

    def test_cells_that_fill_no_block_are_refused(self):
        with pytest.raises(OptionError) as caught:
            LSTMBlockCell(3, 6, cells_per_block=4)
        assert str(caught.value) == (
            "`hidden_size` must be a multiple of cells_per_block=4, but it is 6; it counts the cells of all "
            "blocks together."
        )


class TestWithoutForgetGate:
    def test_numbers_by_hand(self):
        c1 = sigmoid(1.0) * np.tanh(1.0)
        h1 = sigmoid(1.0) * np.tanh(c1)
        c2 = c1 + sigmoid(h1) * np.tanh(h1)
        h2 = sigmoid(h1) * np.tanh(c2)
        assert scalar(LSTM1997Cell(1, 1), (1.0, 0.0)) == [
            pytest.approx([h1, c1], abs=1e-12),
            pytest.approx([h2, c2], abs=1e-12),
        ]

    def test_it_is_the_lstm_whose_forget_gate_is_open(self):
        cell, lstm = LSTM1997Cell(3, 5).double(), LSTMCell(3, 5).double()
        with torch.no_grad():
            for name, weight in cell.named_parameters():
                i, g, o = weight.chunk(3)
                forget = torch.full_like(i, 800.0) if name == "bias" else torch.zeros_like(i)
                lstm.get_parameter(name).copy_(torch.cat([i, forget, g, o]))
        x = sequence()
        torch.testing.assert_close(run(cell, x), run(lstm, x), **TIGHT)

    def test_what_is_written_stays(self):
        cell = LSTM1997Cell(3, 5, gate_bias=-800.0)
        memory = torch.randn(4, 5, dtype=torch.float64)
        _, (_, after) = run(cell, sequence(1000), (torch.zeros_like(memory), memory))
        assert torch.equal(after, memory)


class TestPeepholes:
    @pytest.mark.parametrize("peephole", ["diagonal", "full"])
    def test_without_weight_it_is_the_lstm(self, peephole: str):
        cell, lstm = PeepholeLSTMCell(3, 5, peephole=peephole).double(), LSTMCell(3, 5).double()
        x = sequence()
        assert (run(cell, x)[0] - run(lstm, x)[0]).abs().max() > 1e-3
        share_parameters(cell, lstm)
        torch.testing.assert_close(run(cell, x), run(lstm, x), **TIGHT)

    def test_a_full_peephole_that_is_diagonal(self):
        one, other = PeepholeLSTMCell(3, 5).double(), PeepholeLSTMCell(3, 5, peephole="full").double()
        weights = {n: w.diag() if n.startswith("weight_c") else w for n, w in one.state_dict().items()}
        other.load_state_dict(weights, strict=True)
        x = sequence()
        torch.testing.assert_close(run(one, x), run(other, x), **TIGHT)

    @pytest.mark.parametrize(
        ("options", "more"),
        [({}, 15), ({"peephole_gates": "forget"}, 5), ({"peephole": "full"}, 75)],
    )
    def test_number_of_parameters(self, options: dict[str, Any], more: int):
        assert num_parameters(PeepholeLSTMCell(3, 5, **options)) == num_parameters(LSTMCell(3, 5)) + more

    def test_numbers_by_hand(self):
        """The output gate sees the new cell state, the others the old one."""
        (first, second) = scalar(PeepholeLSTMCell(1, 1), (1.0, 0.0))
        c1 = sigmoid(1.0) * np.tanh(1.0)
        h1 = sigmoid(1.0 + c1) * np.tanh(c1)
        c2 = sigmoid(h1 + c1) * c1 + sigmoid(h1 + c1) * np.tanh(h1)
        h2 = sigmoid(h1 + c2) * np.tanh(c2)
        assert first == pytest.approx([h1, c1], abs=1e-12)
        assert second == pytest.approx([h2, c2], abs=1e-12)

    def test_it_learns_to_fire_every_so_many_steps(self):
        """The timing task of the paper, small: a spike each five steps, from nothing but a constant input."""
        layer, head = Recurrent(PeepholeLSTMCell(1, 8)), nn.Linear(8, 1)
        x = torch.ones(40, 1, 1)
        target = (torch.arange(40) % 5 == 4).float()
        optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
        for _ in range(400):
            logits = head(layer(x)[0]).flatten()
            loss = nn.functional.binary_cross_entropy_with_logits(logits, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            assert torch.equal(head(layer(x)[0]).flatten() > 0, target > 0)


class TestCoupledGates:
    def test_numbers_by_hand(self):
        (first, second) = scalar(CoupledLSTMCell(1, 1), (1.0, 0.0))
        c1 = (1 - sigmoid(1.0)) * np.tanh(1.0)
        h1 = sigmoid(1.0) * np.tanh(c1)
        c2 = sigmoid(h1) * c1 + (1 - sigmoid(h1)) * np.tanh(h1)
        assert first == pytest.approx([h1, c1], abs=1e-12)
        assert second == pytest.approx([sigmoid(h1) * np.tanh(c2), c2], abs=1e-12)

    def test_it_is_the_lstm_whose_input_gate_mirrors_its_forget_gate(self):
        cell, lstm = CoupledLSTMCell(3, 5).double(), LSTMCell(3, 5).double()
        with torch.no_grad():
            for name, weight in cell.named_parameters():
                f, g, o = weight.chunk(3)
                lstm.get_parameter(name).copy_(torch.cat([-f, f, g, o]))  # 1 - sigmoid(a) = sigmoid(-a)
        x = sequence()
        torch.testing.assert_close(run(cell, x), run(lstm, x), **TIGHT)

    def test_number_of_parameters(self):
        assert num_parameters(CoupledLSTMCell(7, 5)) == 3 * (5 * (5 + 7) + 5)


class TestProjection:
    @pytest.mark.parametrize("projection_size", [1, 4])
    def test_it_is_that_of_torch(self, projection_size: int):
        peer = nn.LSTM(3, 5, proj_size=projection_size).double()
        cell = ProjectionLSTMCell(3, 5, projection_size=projection_size, double_bias=True).double()
        weights = {name.removesuffix("_l0"): value for name, value in peer.state_dict().items()}
        cell.load_state_dict(weights, strict=True)
        x = sequence(63, 7).requires_grad_()
        state = (
            torch.randn(7, projection_size, dtype=torch.float64),
            torch.randn(7, 5, dtype=torch.float64),
        )
        expected, (hidden, memory) = peer(x, (state[0][None], state[1][None]))
        for output, final in (run(cell, x, state), Recurrent(cell)(x, state)):
            torch.testing.assert_close(output, expected, **TIGHT)
            torch.testing.assert_close(final, (hidden[0], memory[0]), **TIGHT)
            found = torch.autograd.grad(output.sin().sum(), [x, *cell.parameters()])
            names = [f"{name}_l0" for name, _ in cell.named_parameters()]
            leaves = [x, *(peer.get_parameter(name) for name in names)]
            truth = torch.autograd.grad(expected.sin().sum(), leaves, retain_graph=True)
            torch.testing.assert_close(found, truth, rtol=0, atol=1e-10)

    @pytest.mark.parametrize(("hidden_size", "projection_size"), [(1, 1), (5, 2), (64, 32)])
    def test_half_of_the_features_are_fed_back(self, hidden_size: int, projection_size: int):
        cell = ProjectionLSTMCell(3, hidden_size)
        hidden, memory = cell.initial_state(2)
        assert (cell.output_size, hidden.shape[1], memory.shape[1]) == (
            projection_size,
            projection_size,
            hidden_size,
        )


class TestLayerNorm:
    def test_the_scale_of_weights_does_not_matter(self):
        """The invariance that the paper derives; the small constant inside the square root leaves a rest."""
        cell = LayerNormLSTMCell(3, 5).double()
        x = 1000 * sequence()
        before, _ = run(cell, x)
        with torch.no_grad():
            cell.weight_ih.mul_(7)
        torch.testing.assert_close(run(cell, x)[0], before, rtol=0, atol=1e-8)
        with torch.no_grad():
            cell.gain_ih.mul_(7)
        assert (run(cell, x)[0] - before).abs().max() > 1e-3

    def test_one_feature_keeps_its_size(self):
        cell = LayerNormLSTMCell(1, 5)
        small, large = (run(cell, torch.full((1, 1, 1), v, dtype=torch.float64))[1][1] for v in (0.1, 0.9))
        assert (small - large).abs().max() > 1e-2

    def test_its_modules_are_those_of_torch(self):
        cell = LayerNormLSTMCell(3, 5).double()
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.normal_()
        norms = [nn.LayerNorm(size, bias=False).double() for size in (20, 20)] + [nn.LayerNorm(5).double()]
        for norm, gain in zip(norms, (cell.gain_ih, cell.gain_hh, cell.gain_c), strict=True):
            norm.weight = gain
        assert cell.bias is not None
        assert cell.bias_c is not None
        norms[2].bias = cell.bias_c
        x, (hidden, memory) = sequence(1)[0], (torch.randn(2, 4, 5, dtype=torch.float64).unbind())
        gates = norms[0](x @ cell.weight_ih.T) + norms[1](hidden @ cell.weight_hh.T) + cell.bias
        i, f, g, o = gates.chunk(4, 1)
        c = f.sigmoid() * memory + i.sigmoid() * g.tanh()
        expected = (o.sigmoid() * norms[2](c).tanh(), c)
        torch.testing.assert_close(cell(x, (hidden, memory))[1], expected, **TIGHT)


class TestMultiplicative:
    def test_numbers_by_hand(self):
        (first, second) = scalar(MultiplicativeLSTMCell(1, 1), (1.0, 0.5))
        c1 = sigmoid(1.0) * np.tanh(1.0)
        h1 = sigmoid(1.0) * np.tanh(c1)
        gate = 0.5 + 0.5 * h1
        c2 = sigmoid(gate) * c1 + sigmoid(gate) * np.tanh(gate)
        assert first == pytest.approx([h1, c1], abs=1e-12)
        assert second == pytest.approx([sigmoid(gate) * np.tanh(c2), c2], abs=1e-12)

    def test_each_symbol_has_a_recurrent_matrix_of_its_own(self):
        """With one-hot inputs, it is for each symbol k the LSTM with U diag(W_m[:, k]) U_m."""
        cell, lstm = MultiplicativeLSTMCell(3, 5).double(), LSTMCell(3, 5).double()
        state = tuple(torch.randn(2, 1, 5, dtype=torch.float64))
        for k in range(3):
            with torch.no_grad():
                lstm.load_state_dict({n: w for n, w in cell.state_dict().items() if not n.endswith("m")})
                lstm.weight_hh.copy_(cell.weight_hh @ cell.weight_im[:, k].diag() @ cell.weight_hm)
            x = torch.eye(3, dtype=torch.float64)[k : k + 1]
            torch.testing.assert_close(cell(x, state), lstm(x, state), **TIGHT)


class TestExponentialGates:
    @staticmethod
    def without_stabiliser(cell: SLSTMCell, input: Tensor) -> Tensor:
        """The definition of the paper without m: exp of the gates themselves."""
        assert cell.bias is not None
        blocks = [torch.block_diag(*gate) for gate in cell.weight_hh]
        h = c = n = torch.zeros(input.shape[1], cell.hidden_size, dtype=torch.float64)
        outputs = []
        for x in input:
            gates = x @ cell.weight_ih.T + h @ torch.cat(blocks).T + cell.bias
            i, f, z, o = gates.chunk(4, 1)
            f = f.sigmoid() if cell.forget_gate == "sigmoid" else f.exp()
            c, n = f * c + i.exp() * z.tanh(), f * n + i.exp()
            h = o.sigmoid() * c / n
            outputs.append(h)
        return torch.stack(outputs)

    @pytest.mark.parametrize("num_heads", [1, 2, 6])
    @pytest.mark.parametrize("forget_gate", ["sigmoid", "exp"])
    def test_the_stabiliser_changes_no_output(self, num_heads: int, forget_gate: str):
        cell = SLSTMCell(3, 6, num_heads=num_heads, forget_gate=forget_gate).double()
        x = sequence(20)
        torch.testing.assert_close(run(cell, x)[0], self.without_stabiliser(cell, x), **TIGHT)

    @pytest.mark.parametrize("backend", ["eager", "llvm"])
    @pytest.mark.parametrize("size", [-1e4, 1e4])
    def test_no_input_is_too_large(self, size: float, backend: str):
        layer = Recurrent(SLSTMCell(1, 4), backend=backend)
        x = (size * torch.rand(50, 3, 1)).requires_grad_()
        output, state = layer(x)
        gradients = torch.autograd.grad(output.sum(), [x, *layer.parameters()])
        assert all(part.isfinite().all() for part in (output, *state, *gradients))
        assert (state[2] >= 1).all()
        assert (output.abs() <= 1).all()

    def test_a_later_input_can_outweigh_all_before(self):
        cell = SLSTMCell(1, 1).double()
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.zero_()
            cell.weight_ih.copy_(torch.tensor([[10.0], [0.0], [1.0], [0.0]]))  # i, f, z, o
        x = torch.tensor([-1.0, -1.0, 3.0], dtype=torch.float64).view(3, 1, 1)
        output, _ = run(cell, x)
        assert output.flatten().tolist() == pytest.approx([0.5 * np.tanh(v) for v in (-1, -1, 3)], abs=1e-12)

    def test_equations_of_several_heads(self):
        assert_follows_its_equations(SLSTMCell(3, 6, num_heads=2, forget_gate="exp"))

    def test_heads_that_do_not_divide_are_refused(self):
        with pytest.raises(OptionError) as caught:
            SLSTMCell(3, 6, num_heads=4)
        assert str(caught.value) == "`hidden_size` must be a multiple of num_heads=4, but it is 6."


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: PeepholeLSTMCell(3, 5, peephole="half"),
            "`peephole` must be one of 'diagonal', 'full', but it is 'half'.",
        ),
        (
            lambda: PeepholeLSTMCell(3, 5, peephole_gates="i"),
            "`peephole_gates` must be one of 'all', 'input', 'forget', 'output', but it is 'i'.",
        ),
        (
            lambda: ProjectionLSTMCell(3, 5, projection_size=0),
            "`projection_size` must be a positive integer, but it is 0.",
        ),
        (
            lambda: SLSTMCell(3, 5, forget_gate="tanh"),
            "`forget_gate` must be one of 'sigmoid', 'exp', but it is 'tanh'.",
        ),
        (
            lambda: LSTM1997Cell(3, 5, gate_bias="low"),  # pyright: ignore[reportArgumentType]
            "`gate_bias` must be a finite number, but it is 'low'.",
        ),
    ],
)
def test_a_wrong_option_is_refused(make: Any, message: str):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message
