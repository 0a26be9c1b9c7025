"""The penalty on the flow of gradients: by hand, by finite differences, on sequences of unequal length."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import elman
from elman import Recurrent
from elman.cells import Cell, ElmanCell, GRUCell, LSTMCell
from elman.errors import DtypeError, OptionError
from elman.training import GradientFlowPenalty

T, N, I, H = 6, 3, 2, 4  # noqa: E741


class Linear(Cell):
    """s_t = U s_{t-1} + x_t, whose Jacobian is U at every step."""

    def __init__(self, size: int):
        super().__init__(size, size)
        self.weight = nn.Parameter(torch.randn(size, size, dtype=torch.float64))

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = nn.functional.linear(state, self.weight) + input
        return state, state


def test_linear_network_by_hand():
    """A loss on the last state alone: g_{t-1} = g_t U."""
    layer = Recurrent(Linear(H))
    flow = GradientFlowPenalty(layer)
    output, _ = flow(torch.randn(T, N, H, dtype=torch.float64))
    targets = torch.randn(N, H, dtype=torch.float64)
    found = flow.penalty((output[-1] * targets).sum())
    matrix, total = layer.cell.weight.detach().numpy(), 0.0  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    for g in targets.numpy():
        for _ in range(T - 1):  # the first step starts from a fresh state
            back = g @ matrix
            total += (np.linalg.norm(back) / np.linalg.norm(g) - 1) ** 2 / N
            g = back
    assert found.item() == pytest.approx(total, rel=1e-12)


def test_a_network_that_keeps_the_length_of_gradients_has_no_penalty():
    layer = Recurrent(Linear(H))
    nn.init.orthogonal_(layer.cell.weight)  # pyright: ignore[reportArgumentType]
    flow = GradientFlowPenalty(layer)
    output, _ = flow(torch.randn(T, N, H, dtype=torch.float64))
    assert flow.penalty(output[-1].sum()).item() == pytest.approx(0.0, abs=1e-24)


CELLS = {
    "elman": lambda: ElmanCell(I, H, recurrent_scale=0.7),
    "gru": lambda: GRUCell(I, H),
    "lstm": lambda: LSTMCell(I, H),
}


def parts_of(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def jacobian_of(cell: Cell, input: Tensor, before: Tensor) -> Tensor:
    """ds_t/ds_{t-1} of one sequence, the tensors of its state side by side."""

    def step(vector: Tensor) -> Tensor:
        parts = list(vector.view(-1, 1, H))
        after = cell(input, tuple(parts) if len(parts) > 1 else parts[0])[1]
        return torch.cat(parts_of(after), dim=1)[0]

    found = torch.autograd.functional.jacobian(step, before, create_graph=True)
    assert isinstance(found, Tensor)
    return found


@pytest.mark.parametrize("name", CELLS)
def test_omega_and_its_gradient_by_the_definition(name: str):
    """One sequence, by full Jacobians: g_{t-1} = dL_{t-1}/ds_{t-1} + g_t J_t, constants in Omega."""
    cell = CELLS[name]().double()
    layer, input = Recurrent(cell), torch.randn(T, 1, I, dtype=torch.float64)
    flow = GradientFlowPenalty(layer)
    output, _ = flow(input)
    omega = flow.penalty(output.square().sum())
    found = torch.autograd.grad(omega, list(cell.parameters()), retain_graph=True, allow_unused=True)

    state, vectors = cell.initial_state(1), []
    for t in range(T):
        _, state = cell(input[t], state)
        vectors.append(torch.cat(parts_of(state), dim=1)[0].detach())
    jacobians = [jacobian_of(cell, input[t], vectors[t - 1]) for t in range(1, T)]
    expected, g = torch.zeros((), dtype=torch.float64), torch.zeros_like(vectors[0])
    for vector, jacobian in zip(reversed(vectors[1:]), reversed(jacobians), strict=True):
        g = g + torch.cat([2 * vector[:H], torch.zeros_like(vector[H:])])  # the output is h
        expected = expected + ((g @ jacobian).norm() / g.norm() - 1).square()
        g = g @ jacobian.detach()
    assert omega.item() == pytest.approx(expected.item(), rel=1e-10)
    theirs = torch.autograd.grad(expected, list(cell.parameters()), allow_unused=True)
    for one, other in zip(found, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("through_states", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_gradcheck_of_omega(name: str, through_states: bool):
    """Finite differences in float64, the constants of the equation held at the values of the first run."""
    cell = CELLS[name]().double()
    layer, input = Recurrent(cell), torch.randn(T, N, I, dtype=torch.float64)
    names, values = zip(*[(key, one.detach().clone()) for key, one in cell.named_parameters()], strict=True)
    flow = GradientFlowPenalty(layer, through_states=through_states)
    held: dict[str, Any] = {}
    real_grad = torch.autograd.grad

    def omega(*weights: Tensor) -> Tensor:
        def run() -> Tensor:
            output, _ = flow(input)
            if "steps" not in held:
                held["steps"] = flow._steps
            if not through_states:  # the states are constants, too
                flow._steps = held["steps"]
            return flow.penalty(output.square().mean())

        module = _Called(cell, run)
        return torch.func.functional_call(
            module, {f"cell.{key}": one for key, one in zip(names, weights, strict=True)}, ()
        )

    def grad(outputs: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
        if options.get("retain_graph"):  # dL/ds: a constant
            if "sent" not in held:
                held["sent"] = real_grad(outputs, inputs, *rest, **options)
            return held["sent"]
        return real_grad(outputs, inputs, *rest, **options)

    weights = [one.requires_grad_() for one in values]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.autograd, "grad", grad)
        found = real_grad(omega(*weights), weights, allow_unused=True)
        for weight, ours in zip(weights, found, strict=True):
            numbers = weight.detach().view(-1)
            for index in range(0, len(numbers), 7):
                both = []
                for shift in (1e-6, -1e-6):
                    kept = numbers[index].item()
                    numbers[index] = kept + shift
                    both.append(omega(*weights).item())
                    numbers[index] = kept
                slope = (both[0] - both[1]) / 2e-6
                exact = 0.0 if ours is None else ours.view(-1)[index].item()
                assert exact == pytest.approx(slope, rel=1e-5, abs=1e-8)


class _Called(nn.Module):
    """Runs a function while the weights of a cell are others."""

    def __init__(self, cell: Cell, run: Any):
        super().__init__()
        self.cell, self.run = cell, run

    def forward(self) -> Tensor:
        return self.run()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_unequal_sequences_are_the_mean_of_each_alone(reverse: bool, batch_first: bool):
    layer = Recurrent(GRUCell(I, H).double(), reverse=reverse, batch_first=batch_first)
    lengths, alone = [6, 2, 4], []
    input = torch.randn(T, N, I, dtype=torch.float64)
    flow = GradientFlowPenalty(layer)
    for row, length in enumerate(lengths):
        piece = input[:length, row : row + 1]
        output, _ = flow(piece.transpose(0, 1) if batch_first else piece)
        alone.append(flow.penalty(output.sum()).item())
    dirty = input.clone()
    for row, length in enumerate(lengths):
        dirty[length:, row] = float("nan")
    given = dirty.transpose(0, 1) if batch_first else dirty
    output, final_state = flow(given, lengths=lengths)
    expected, expected_state = layer(given, lengths=lengths)
    torch.testing.assert_close((output, final_state), (expected, expected_state), rtol=1e-12, atol=1e-13)
    assert flow.penalty(output.sum()).item() == pytest.approx(sum(alone) / N, rel=1e-10)


def test_a_reset_is_no_link_and_a_carried_state_is_one():
    layer = Recurrent(GRUCell(I, H).double())
    flow = GradientFlowPenalty(layer)
    input = torch.randn(T, 1, I, dtype=torch.float64)
    resets = torch.zeros(T, 1, dtype=torch.bool)
    resets[3] = True
    output, _ = flow(input, resets=resets)
    whole = flow.penalty(output.sum()).item()
    pieces = []
    for piece in (input[:3], input[3:]):
        output, _ = flow(piece)
        pieces.append(flow.penalty(output.sum()).item())
    assert whole == pytest.approx(sum(pieces), rel=1e-10)
    output, _ = flow(input[:1], torch.ones(1, H, dtype=torch.float64))
    assert flow.penalty(output.sum()).item() > 0
    output, _ = flow(input[:1])
    assert flow.penalty(output.sum()).item() == 0


def test_steps_that_no_loss_reaches_are_left_out():
    layer = Recurrent(ElmanCell(I, H).double())
    flow = GradientFlowPenalty(layer)
    input = torch.randn(T, N, I, dtype=torch.float64)
    output, _ = flow(input)
    short = flow.penalty(output[2].sum())
    output, _ = flow(input[:3])
    assert short.item() == pytest.approx(flow.penalty(output[2].sum()).item(), rel=1e-12)
    short.backward()
    assert all(bool(one.grad.isfinite().all()) for one in layer.parameters() if one.grad is not None)


def test_a_step_down_the_penalty_makes_the_flow_more_even():
    layer = Recurrent(ElmanCell(I, H, recurrent_scale=0.3))
    flow = GradientFlowPenalty(layer)
    optimizer, input = torch.optim.SGD(layer.parameters(), lr=0.05), torch.randn(T, N, I)
    sizes = []
    for _ in range(30):
        optimizer.zero_grad()
        output, _ = flow(input)
        omega = flow.penalty(output[-1].sum())
        omega.backward()
        optimizer.step()
        sizes.append(omega.item())
    assert sizes[-1] < 0.3 * sizes[0]


def test_flow_refusals():
    with pytest.raises(DtypeError, match=r"`layer` must be an elman.Recurrent, but it is a LSTM\."):
        GradientFlowPenalty(elman.LSTM(2, 3))  # pyright: ignore[reportArgumentType]
    flow = GradientFlowPenalty(Recurrent(GRUCell(2, 3)))
    with pytest.raises(
        OptionError, match=r"nothing was run: call the penalty in the place of the layer first\."
    ):
        flow.penalty(torch.zeros(()))


class Delayed(Cell):
    """h_t = U h_{t-2} + x_t; the state (h_t, h_{t-1}) hands on a tensor of the step before."""

    def __init__(self, size: int):
        super().__init__(size, size)
        self.weight = nn.Parameter(torch.randn(size, size, dtype=torch.float64))

    def initial_state(self, batch_size: int) -> Any:
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def forward(self, input: Tensor, state: Any) -> tuple[Tensor, Any]:
        hidden = nn.functional.linear(state[1], self.weight) + input
        return hidden, (hidden, state[0])


def test_a_state_that_is_handed_on_counts_where_it_stands():
    layer = Recurrent(Delayed(H))
    flow = GradientFlowPenalty(layer)
    output, _ = flow(torch.randn(T, 1, H, dtype=torch.float64))
    target = torch.randn(H, dtype=torch.float64)
    found = flow.penalty(output[-1, 0] @ target)
    weight = layer.cell.weight.detach().numpy()  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    jacobian = np.block([[np.zeros((H, H)), weight], [np.eye(H), np.zeros((H, H))]])
    g, total = np.concatenate([target.numpy(), np.zeros(H)]), 0.0
    for _ in range(T - 1):
        back = g @ jacobian
        total += (np.linalg.norm(back) / np.linalg.norm(g) - 1) ** 2
        g = back
    assert found.item() == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("options", [{}, {"lengths": [T, 2, 4]}, {"resets": torch.eye(T, N).bool()}], ids=str)
def test_it_begins_at_a_learned_state(options: dict[str, Any]):
    layer = Recurrent(GRUCell(I, H), learn_initial_state=True).double()
    nn.init.normal_(layer.learned_state[0])  # pyright: ignore[reportOptionalSubscript]
    input = torch.randn(T, N, I, dtype=torch.float64)
    expected, _ = layer(input, **options)
    flow = GradientFlowPenalty(layer)
    output, _ = flow(input, **options)
    torch.testing.assert_close(output, expected, rtol=1e-12, atol=1e-12)
    loss = output.square().sum()
    (loss + flow.penalty(loss)).backward()
    assert all(one.grad is not None for one in layer.parameters())
