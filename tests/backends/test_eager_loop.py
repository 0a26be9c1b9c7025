"""The loop against the simplest thing that is right: each sequence alone, step after step."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from elman.backends.eager import Resets, run_loop
from elman.cells import ElmanCell, LSTMCell, map_state
from elman.errors import DtypeError, ShapeError

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def run_alone(
    cell: nn.Module, x: Tensor, state: Any, n: int, length: int, resets: Resets, reverse: bool
) -> Any:
    """Outputs by time step, and the final state, of sequence `n`."""
    state = map_state(lambda part: part[n : n + 1], state)
    fresh_state = map_state(lambda part: part[n : n + 1], resets.fresh_state)
    outputs = {}
    for t in sorted(range(length), reverse=reverse):
        output, state = cell(x[t, n : n + 1], fresh_state if resets.steps[t, n] else state)
        outputs[t] = output
    return outputs, state


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, list[int], int]:
    """Number of time steps, lengths and a seed."""
    num_steps = draw(st.integers(1, 6))
    lengths = draw(st.lists(st.integers(1, num_steps), min_size=1, max_size=5))
    return num_steps, lengths, draw(st.integers(0, 2**16))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("cell_class", [ElmanCell, LSTMCell])
@given(batch=batches(), reverse=st.booleans())
def test_each_sequence_runs_as_if_it_were_alone(cell_class: Any, device: str, batch: Any, reverse: bool):
    num_steps, lengths, seed = batch
    torch.manual_seed(seed)
    cell = cell_class(3, 4).double().to(device)
    x = torch.randn(num_steps, len(lengths), 3, dtype=torch.float64, device=device, requires_grad=True)
    state, fresh_state = (
        map_state(lambda part: torch.randn_like(part, requires_grad=True), cell.initial_state(len(lengths)))
        for _ in range(2)
    )
    resets = Resets(torch.rand(num_steps, len(lengths), device=device) < 0.3, fresh_state)
    output, final_state = run_loop(
        cell, x, state, lengths=torch.tensor(lengths), resets=resets, reverse=reverse
    )
    weight = torch.randn_like(output)
    loss = (weight * output).sum() + sum(part.square().sum() for part in as_tuple(final_state))
    expected_loss = torch.zeros_like(loss)
    for n, length in enumerate(lengths):
        outputs, last = run_alone(cell, x, state, n, length, resets, reverse)
        for t in range(num_steps):
            expected = outputs[t][0] if t < length else torch.zeros_like(output[t, n])
            torch.testing.assert_close(output[t, n], expected, rtol=0, atol=1e-12)
            expected_loss = expected_loss + (weight[t, n] * expected).sum()
        for part, expected in zip(as_tuple(final_state), as_tuple(last), strict=True):
            torch.testing.assert_close(part[n], expected[0], rtol=0, atol=1e-12)
            expected_loss = expected_loss + expected.square().sum()
    leaves = [x, *as_tuple(state), *as_tuple(fresh_state), *cell.parameters()]
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    expected = torch.autograd.grad(expected_loss, leaves, allow_unused=True, materialize_grads=True)
    torch.testing.assert_close(gradients, expected, rtol=0, atol=1e-10)


def as_tuple(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def add(x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """A running sum: its state says which inputs and which initial state it has seen."""
    return x + state, x + state


def test_a_reset_takes_the_fresh_state_before_the_step_and_never_the_initial_one():
    x = torch.tensor([1.0, 2.0, 4.0, 8.0]).view(4, 1, 1)
    initial = torch.full((1, 1), 100.0, requires_grad=True)
    fresh = torch.full((1, 1), 0.5, requires_grad=True)
    at_two = torch.tensor([False, False, True, False]).view(4, 1)
    output, final_state = run_loop(add, x, initial, resets=Resets(at_two, fresh))
    assert output.flatten().tolist() == [101.0, 103.0, 4.5, 12.5]
    assert final_state.item() == 12.5
    assert torch.autograd.grad(output.sum(), (initial, fresh)) == (
        torch.tensor([[2.0]]),
        torch.tensor([[2.0]]),
    )
    output, _ = run_loop(add, x, initial, resets=Resets(at_two, fresh), reverse=True)
    assert output.flatten().tolist() == [7.5, 6.5, 4.5, 108.0]


def test_a_reset_behind_the_end_is_ignored():
    x = torch.ones(3, 1, 1)
    resets = Resets(torch.tensor([[False], [False], [True]]), torch.full((1, 1), 50.0))
    for reverse in (False, True):
        output, final_state = run_loop(
            add, x, torch.zeros(1, 1), lengths=torch.tensor([2]), resets=resets, reverse=reverse
        )
        assert output.flatten().tolist() == ([2.0, 1.0, 0.0] if reverse else [1.0, 2.0, 0.0])
        assert final_state.item() == 2.0


def test_a_state_may_have_any_trailing_shape_and_nest():
    def associate(x: Tensor, state: Any) -> tuple[Tensor, Any]:
        memory, (count,) = state
        memory = memory + x[:, :, None] * x[:, None, :]
        return memory.flatten(1), (memory, (count + 1,))

    x = torch.randn(5, 3, 2)
    state = (torch.zeros(3, 2, 2), (torch.zeros(3),))
    output, (memory, (count,)) = run_loop(associate, x, state, lengths=torch.tensor([2, 5, 1]))
    assert output.shape == (5, 3, 4)
    assert count.tolist() == [2.0, 5.0, 1.0]
    torch.testing.assert_close(memory[1], x[:, 1].T @ x[:, 1])
    torch.testing.assert_close(memory[2], x[:1, 2].T @ x[:1, 2])


def test_padding_is_never_given_to_the_cell():
    def refuse_padding(x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        assert not x.isnan().any()
        return x, state

    x = torch.ones(4, 3, 1)
    x[2:, 0] = x[1:, 2] = torch.nan
    run_loop(refuse_padding, x, torch.zeros(3, 1), lengths=torch.tensor([2, 4, 1]))
    with pytest.raises(AssertionError):
        run_loop(refuse_padding, x, torch.zeros(3, 1))


class Wrong(nn.Module):
    """A cell that returns what it is told to."""

    def __init__(self, result: object):
        super().__init__()
        self.result = result

    def forward(self, input: Tensor, state: Any) -> Any:
        return self.result


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (
            torch.zeros(2, 4),
            DtypeError,
            "Wrong.forward must return a pair, (output, new_state), but it returned one Tensor.",
        ),
        (
            (1, 2, 3),
            DtypeError,
            "Wrong.forward must return a pair, (output, new_state), but it returned 3 values.",
        ),
        (
            (torch.zeros(2, 4), (torch.zeros(2, 4),)),
            ShapeError,
            "Wrong.forward must return a state of the structure and shape it was given, (2, 4), "
            "but it returned ((2, 4),).",
        ),
        (
            (torch.zeros(2, 4), torch.zeros(2, 5)),
            ShapeError,
            "Wrong.forward must return a state of the structure and shape it was given, (2, 4), "
            "but it returned (2, 5).",
        ),
    ],
)
def test_what_a_cell_must_return(result: object, error: type[Exception], message: str):
    with pytest.raises(error) as caught:
        run_loop(Wrong(result), torch.zeros(3, 2, 1), torch.zeros(2, 4))
    assert str(caught.value) == message
