"""Clipping of gradients: norms, directions, numbers that are not finite, and a training that needs it."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman import Recurrent
from elman.cells import Cell, ClipStateGradient, ElmanCell, LSTMCell
from elman.errors import OptionError
from elman.training import clip_gradients, find_non_finite


def with_gradients(*gradients: Tensor | None) -> list[nn.Parameter]:
    parameters = []
    for gradient in gradients:
        parameters.append(nn.Parameter(torch.zeros(2, 3) if gradient is None else torch.zeros_like(gradient)))
        parameters[-1].grad = None if gradient is None else gradient.clone()
    return parameters


def flat(parameters: list[nn.Parameter]) -> Tensor:
    return torch.cat([one.grad.flatten() for one in parameters if one.grad is not None])


def test_norm_is_joint_and_the_direction_stays():
    drawn = [torch.randn(4, 3, dtype=torch.float64), None, 10 * torch.randn(5, dtype=torch.float64)]
    parameters = with_gradients(*drawn)
    before = flat(parameters)
    assert clip_gradients(parameters, norm=0.5) == pytest.approx(before.norm().item(), rel=1e-12)
    after = flat(parameters)
    assert after.norm().item() == pytest.approx(0.5, rel=1e-12)
    assert torch.dot(after, before) / (after.norm() * before.norm()) == pytest.approx(1.0, rel=1e-12)
    assert parameters[1].grad is None


def test_a_short_gradient_is_left_to_the_bit():
    parameters = with_gradients(torch.randn(4), torch.randn(3))
    before = flat(parameters)
    clip_gradients(parameters, norm=before.norm().item() + 1e-3)
    assert torch.equal(flat(parameters), before)
    assert clip_gradients(parameters) == pytest.approx(before.norm().item())
    assert torch.equal(flat(parameters), before)


def test_numbers_are_clipped_one_by_one_and_before_the_norm():
    parameters = with_gradients(torch.tensor([3.0, -4.0, 0.5]))
    assert clip_gradients(parameters, value=1.0) == pytest.approx(math.sqrt(25.25))
    assert flat(parameters).tolist() == [1.0, -1.0, 0.5]
    parameters = with_gradients(torch.tensor([3.0, -4.0, 0.0]))
    clip_gradients(parameters, value=1.0, norm=1.0)
    assert flat(parameters).tolist() == pytest.approx([math.sqrt(0.5), -math.sqrt(0.5), 0.0])


def test_squares_that_overflow_are_no_infinity():
    parameters = with_gradients(torch.tensor([3e30, 4e30]))
    assert clip_gradients(parameters, norm=1.0) == pytest.approx(5e30, rel=1e-6)
    assert flat(parameters).tolist() == pytest.approx([0.6, 0.8], rel=1e-6)


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_what_is_not_finite_is_told_and_treated_as_asked(bad: float):
    gradient = torch.tensor([1.0, bad, 2.0])
    kept, zero, random = (with_gradients(gradient, torch.ones(2)) for _ in range(3))
    assert not math.isfinite(clip_gradients(kept, norm=1.0))
    torch.testing.assert_close(
        flat(kept), torch.tensor([1.0, bad, 2.0, 1.0, 1.0]), equal_nan=True, rtol=0, atol=0
    )
    assert not math.isfinite(clip_gradients(zero, norm=1.0, non_finite="zero"))
    assert not flat(zero).any()
    assert not math.isfinite(clip_gradients(random, norm=0.1, non_finite="random"))
    assert flat(random).norm().item() == pytest.approx(0.1, rel=1e-6)
    assert flat(random).unique().numel() == 5


def embed_twice(embedding: nn.Embedding) -> nn.Embedding:
    """One word occurs three times, one once: the gradients of its places are to be added up."""
    (embedding(torch.tensor([1, 1, 2, 1])) * torch.tensor([[1.0], [-2.0], [3.0], [0.5]])).sum().backward()
    return embedding


@pytest.mark.parametrize("limits", [{"norm": 0.5}, {"value": 0.4}, {"norm": 0.5, "value": 0.4}, {}])
def test_a_sparse_gradient_is_clipped_as_a_dense_one(limits: dict[str, Any]):
    sparse, dense = (embed_twice(nn.Embedding(5, 2, sparse=flag)) for flag in (True, False))
    others = with_gradients(torch.ones(3), torch.ones(3))
    norms = [
        clip_gradients([one.weight, other], **limits)
        for one, other in zip((sparse, dense), others, strict=True)
    ]
    assert norms[0] == norms[1] == pytest.approx(math.sqrt(2 * (0.5**2 + 3.0**2) + 3))
    assert sparse.weight.grad is not None
    assert sparse.weight.grad.is_sparse
    torch.testing.assert_close(sparse.weight.grad.to_dense(), dense.weight.grad, rtol=0, atol=0)
    torch.testing.assert_close(others[0].grad, others[1].grad, rtol=0, atol=0)


@pytest.mark.parametrize("way", ["zero", "random"])
def test_a_sparse_gradient_that_is_not_finite_is_treated_as_asked(way: str):
    embedding = embed_twice(nn.Embedding(5, 2, sparse=True))
    (embedding(torch.tensor([4])) * math.inf).sum().backward()
    assert str(find_non_finite(embedding)) == "the gradient of `weight` holds inf"
    assert not math.isfinite(clip_gradients(embedding.parameters(), norm=0.1, non_finite=way))
    assert find_non_finite(embedding) is None
    assert embedding.weight.grad is not None
    assert embedding.weight.grad.to_dense().norm().item() == pytest.approx(0.1 if way == "random" else 0.0)


def test_no_gradients_have_no_norm():
    assert clip_gradients([nn.Parameter(torch.zeros(3))], norm=1.0) == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": 0}, "`norm` must be positive, but it is 0."),
        ({"value": -1.0}, "`value` must be positive, but it is -1.0."),
        ({"norm": float("nan")}, "`norm` must be positive, but it is nan."),
        (
            {"non_finite": "hope"},
            "`non_finite` must be one of 'keep', 'zero', 'random', but it is 'hope'.",
        ),
        ({"non_finite": "random"}, '`non_finite="random"` needs `norm`, the size of the step.'),
    ],
)
def test_limits_are_checked(options: dict[str, Any], message: str):
    with pytest.raises(OptionError) as caught:
        clip_gradients(with_gradients(torch.ones(2)), **options)
    assert str(caught.value) == message


def train_a_cliff(norm: float | None) -> float:
    """Learn to double over 30 steps a state that a linear network multiplies: a wall on one side."""
    layer = Recurrent(Linear())
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    loss = torch.zeros(())
    for _ in range(400):
        optimizer.zero_grad()
        output, _ = layer(torch.zeros(30, 1, 1), torch.ones(1, 1))
        loss = (output[-1] - 2.0).square().mean()
        loss.backward()
        clip_gradients(layer.parameters(), norm=norm)
        optimizer.step()
    return loss.item()


class Linear(Cell):
    """h_t = w h_{t-1} + x_t, with w of 1.2: 237 after 30 steps."""

    def __init__(self):
        super().__init__(1, 1)
        self.weight = nn.Parameter(torch.tensor([[1.2]]))

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = nn.functional.linear(state, self.weight) + input
        return state, state


def test_a_task_that_ends_in_nan_converges_clipped():
    assert not math.isfinite(train_a_cliff(None))
    assert train_a_cliff(0.1) < 0.01


def test_a_run_survives_infinite_gradients():
    layer, optimizers = Recurrent(ElmanCell(2, 3)), {}
    for way in ("zero", "random"):
        optimizers[way] = torch.optim.SGD(layer.parameters(), lr=0.1)
        optimizers[way].zero_grad()
        (layer(torch.randn(4, 1, 2))[0].sum() * float("inf")).backward()
        clip_gradients(layer.parameters(), norm=1.0, non_finite=way)
        before = [one.detach().clone() for one in layer.parameters()]
        optimizers[way].step()
        moved = torch.cat(
            [(new - old).flatten() for new, old in zip(layer.parameters(), before, strict=True)]
        )
        assert moved.norm().item() == pytest.approx(0.1 if way == "random" else 0.0, rel=1e-4)


@pytest.mark.parametrize("backend", ["llvm", "eager"])
def test_the_gradient_through_the_state_is_limited(backend: str):
    """Linear with w of 2: unclipped step t sends 2^k back; each of 2, 1, 1, ... is what is left of it."""
    cell = Linear()
    with torch.no_grad():
        cell.weight.fill_(2.0)
    layer = Recurrent(ClipStateGradient(cell, limit=1.0), backend=backend)
    input = torch.zeros(5, 1, 1, requires_grad=True)
    layer(input)[0][-1].sum().backward()
    assert input.grad is not None
    assert input.grad.flatten().tolist() == [1.0, 1.0, 1.0, 1.0, 1.0]
    input.grad = None
    Recurrent(cell, backend=backend)(input)[0][-1].sum().backward()
    assert input.grad is not None
    assert input.grad.flatten().tolist() == [16.0, 8.0, 4.0, 2.0, 1.0]


def test_clipping_changes_no_number_on_the_way_forward():
    cell = LSTMCell(3, 4)
    input = torch.randn(6, 2, 3)
    plain, clipped = Recurrent(cell)(input), Recurrent(ClipStateGradient(cell, limit=0.1))(input)
    torch.testing.assert_close(plain, clipped, rtol=0, atol=0)
    with pytest.raises(OptionError, match=r"`limit` must be positive, but it is 0\."):
        ClipStateGradient(cell, limit=0)


def test_a_single_parameter_is_taken_as_torch_takes_it():
    (parameter,) = with_gradients(torch.tensor([3.0, 4.0]))
    assert clip_gradients(parameter, norm=1.0) == 5.0
    torch.testing.assert_close(parameter.grad, torch.tensor([0.6, 0.8]))


def test_a_parameter_that_two_layers_share_counts_once():
    (parameter,) = with_gradients(torch.tensor([3.0, 4.0]))
    assert clip_gradients([parameter, parameter], norm=1.0) == 5.0
    torch.testing.assert_close(parameter.grad, torch.tensor([0.6, 0.8]))
