"""Whoever computes other numbers than the peer is found out before the clock runs."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.benchmark.agreement import check_agreement, has_kinks
from elman.benchmark.kinds import KINDS, make_pair
from elman.benchmark.shapes import Shape
from elman.benchmark.user_cells import USER_CELLS, IndRNN, MinGRU
from elman.benchmark.work import MODES, compute, make_task, work_of
from elman.cells import ElmanCell
from elman.errors import MismatchError

SHAPE = Shape(7, 3, 4, 5)


class Planted(nn.Module):
    """A layer that is right but for one fault."""

    def __init__(self, layer: nn.Module, fault: str):
        super().__init__()
        self.layer = layer
        self.fault = fault

    def forward(self, input: Tensor) -> tuple[Tensor, Any]:
        output, state = self.layer(input.detach() if self.fault == "gradient of input" else input)
        if self.fault == "output":
            output = output + 1e-3 * torch.nn.functional.one_hot(torch.tensor(2), output.shape[-1])
        elif self.fault == "NaN":
            output = torch.cat([output[:-1], output[-1:] * float("nan")])
        elif self.fault == "final state":
            state = state * 1.001
        elif self.fault == "gradient of input":
            output = output + 0 * input.sum()
        elif self.fault == "gradient of weight_hh":
            weight = self.layer.get_parameter("weight_hh_l0")
            output = output + (weight - weight.detach()).sum() * 1e-2
        return output, state


def sides(kind: str = "gru", fault: str = "") -> tuple[Any, Any, Any]:
    peer, ours = make_pair(KINDS[kind], SHAPE)
    work = work_of("elman", Planted(ours, fault) if fault else ours)
    parameters = dict(ours.named_parameters())
    reference = copy.deepcopy(peer).double()
    return (
        type(work)(work.name, work.run, parameters),
        work_of("torch.nn", peer),
        work_of("float64", reference),
    )


def numbers() -> tuple[Tensor, Tensor]:
    return torch.randn(7, 3, 4), torch.randn(7, 3, 5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_right_layer_passes(kind: str, mode: str):
    check_agreement(*sides(kind), mode, *numbers(), has_kinks=KINDS[kind].has_kinks)


@pytest.mark.parametrize(
    ("fault", "mode", "named"),
    [
        ("output", "forward", "output"),
        ("NaN", "forward", "output"),
        ("final state", "forward", "final state 0"),
        ("output", "train", "output"),
        ("gradient of input", "train-input", "gradient of input"),
        ("gradient of weight_hh", "train", "gradient of weight_hh_l0"),
    ],
)
def test_wrong_layer_is_refused(fault: str, mode: str, named: str):
    said = rf"elman and torch.nn disagree: {named}: the largest error is .* is allowed"
    with pytest.raises(MismatchError, match=said):
        check_agreement(*sides(fault=fault), mode, *numbers())


def test_kinks_excuse_a_small_share_of_a_gradient_only():
    _, peer, reference = sides("rnn-relu")
    shifted = dict(peer.parameters)

    def nearly(input: Tensor) -> tuple[Tensor, Any]:
        output, state = peer.run(input)
        return output + (input - input.detach())[:1, :1, :1] * 1e-3, state

    jumps = type(peer)("elman", nearly, shifted)
    input, gradient = numbers()
    check_agreement(jumps, peer, reference, "train-input", input, gradient, has_kinks=True)
    with pytest.raises(MismatchError, match="gradient of input"):
        check_agreement(jumps, peer, reference, "train-input", input, gradient)


def test_without_a_reference_the_peer_counts_as_exact():
    ours, peer, _ = sides()
    check_agreement(ours, peer, None, "train", *numbers())
    wrong, peer, _ = sides(fault="output")
    with pytest.raises(MismatchError):
        check_agreement(wrong, peer, None, "train", *numbers())


def test_peer_that_errs_more_than_rounding_gives_room():
    _, peer, reference = sides()

    def moved(by: float, late: bool = True) -> Any:
        def run(input: Tensor) -> tuple[Tensor, Any]:
            is_moved = torch.arange(len(input))[:, None, None] >= (8 if late else 0)
            return peer.run(input)[0] + by * is_moved, ()

        return type(peer)("moved", run, peer.parameters)

    far = type(peer)("float64", lambda input: (reference.run(input)[0], ()), reference.parameters)
    more = (far, "forward", torch.randn(20, 3, 4), torch.randn(20, 3, 5))
    check_agreement(moved(-3e-3), moved(1e-4), *more)
    for wrong in (moved(-4e-3), moved(-3e-3, late=False)):  # too far, and too early
        with pytest.raises(MismatchError):
            check_agreement(wrong, moved(1e-4), *more)
    with pytest.raises(MismatchError):
        check_agreement(moved(-3e-3), moved(0), *more)


def test_kinks_are_seen_in_the_source_and_in_the_options():
    assert [name for name, cell in USER_CELLS.items() if has_kinks(cell(3, 3))] == [IndRNN.__name__]
    assert has_kinks(ElmanCell(3, 5, activation="relu"))
    assert not has_kinks(ElmanCell(3, 5))
    assert not has_kinks(MinGRU(3, 5))


def test_task_leaves_the_gradients_of_one_step():
    _, peer, _ = sides()
    input, gradient = numbers()
    task = make_task(peer, "train", input, gradient)
    task()
    task()
    expected = compute(peer, "train", input, gradient)
    for name, parameter in peer.parameters.items():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, expected[f"gradient of {name}"])
