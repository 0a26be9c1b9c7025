"""The ridge read-out, against numpy's least squares and numbers computed by hand."""

import copy
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from elman.errors import DtypeError, ElmanError, LengthError, OptionError, ShapeError
from elman.layers import RidgeReadout

F64 = torch.float64


def sample(num_steps: int = 30, batch_size: int = 4) -> tuple[Tensor, Tensor]:
    states = torch.randn(num_steps, batch_size, 3, dtype=F64)
    return states, torch.randn(num_steps, batch_size, 2, dtype=F64)


def test_one_state_by_hand():
    """States 0, 2 and targets 1, 2: around their averages ±1 and ±0.5, so W = 1 / (2 + penalty)."""
    states, targets = torch.tensor([0.0, 2.0]).view(2, 1, 1), torch.tensor([1.0, 2.0]).view(2, 1, 1)
    for penalty, weight in [(0.0, 0.5), (2.0, 0.25)]:
        readout = RidgeReadout(1, 1, penalty=penalty).fit(states, targets)
        assert readout.weight.item() == pytest.approx(weight)
        assert readout(torch.tensor([[1.0]])).item() == pytest.approx(1.5)
    # Without b: W = (2 * 2) / (4 + penalty).
    assert RidgeReadout(1, 1, penalty=4.0, bias=False).fit(states, targets).weight.item() == pytest.approx(
        0.5
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("penalty", [0.0, 0.1, 100.0])
def test_it_is_least_squares_with_the_penalty_as_rows(penalty: float, bias: bool):
    states, targets = sample()
    lengths, washout = [30, 7, 12, 3], 2
    readout = RidgeReadout(3, 2, penalty=penalty, bias=bias).double()
    assert readout.fit(states, targets, lengths=lengths, washout=washout) is readout
    x = np.concatenate([states[washout:n, k].numpy() for k, n in enumerate(lengths)])
    y = np.concatenate([targets[washout:n, k].numpy() for k, n in enumerate(lengths)])
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1) if bias else x
    rows = math.sqrt(penalty) * np.eye(3, x.shape[1])
    expected = np.linalg.lstsq(np.concatenate([x, rows]), np.concatenate([y, np.zeros((3, 2))]))[0]
    np.testing.assert_allclose(readout.weight, expected[:3].T, rtol=1e-11, atol=1e-12)
    if bias:
        assert readout.bias is not None
        np.testing.assert_allclose(readout.bias, expected[3], rtol=1e-11, atol=1e-12)


def test_what_does_not_count_reaches_nothing():
    states, targets = sample()
    expected = RidgeReadout(3, 2).double().fit(states, targets, lengths=[30, 7, 12, 3], washout=2)
    for part in (states, targets):
        part[:2] = math.nan
        for row, length in enumerate([30, 7, 12, 3]):
            part[length:, row] = math.inf
    found = RidgeReadout(3, 2).double().fit(states, targets, lengths=[30, 7, 12, 3], washout=2)
    torch.testing.assert_close(found.weight, expected.weight, rtol=0, atol=0)


@pytest.mark.parametrize("penalty", [0.0, 1e-30])
def test_of_equally_good_weights_the_smallest_is_taken(penalty: float):
    """Two states that are one: each gets half of the weight 3."""
    state = torch.randn(20, 1, 1, dtype=F64)
    readout = RidgeReadout(2, 1, penalty=penalty).double().fit(torch.cat([state, state], -1), 3 * state)
    torch.testing.assert_close(readout.weight, torch.full((1, 2), 1.5, dtype=F64), rtol=0, atol=1e-12)


def test_float32_states_are_solved_in_float64():
    """States of 1000 and a bit: their squares in float32 would keep nothing of the bit."""
    states = 1000 + torch.rand(50, 1, 1)
    readout = RidgeReadout(1, 1, penalty=0.0).fit(states, 2 * (states - 1000))
    assert readout.weight.dtype == torch.float32
    assert readout.weight.item() == pytest.approx(2, rel=1e-5)


def test_it_is_saved_copied_and_no_parameter():
    readout = RidgeReadout(3, 2, penalty=0.5).double().fit(*sample())
    x = torch.randn(5, 3, dtype=F64)
    fresh = RidgeReadout(3, 2).double()
    fresh.load_state_dict(readout.state_dict())
    for twin in (fresh, copy.deepcopy(readout), pickle.loads(pickle.dumps(readout))):
        torch.testing.assert_close(twin(x), readout(x), rtol=0, atol=0)
    assert list(readout.parameters()) == []
    assert repr(readout) == "RidgeReadout(3, 2, penalty=0.5)"
    assert repr(RidgeReadout(3, 2, bias=False)) == "RidgeReadout(3, 2, penalty=1e-06, bias=False)"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: RidgeReadout(3, 2, penalty=-1),
            OptionError,
            "`penalty` must be 0 or more, but it is -1.",
        ),
        (
            lambda: RidgeReadout(0, 2),
            OptionError,
            "`input_size` must be a positive integer, but it is 0.",
        ),
        (
            lambda: RidgeReadout(3, 2)(torch.zeros(1, 3)),
            OptionError,
            "a RidgeReadout must be fitted first: readout.fit(states, targets).",
        ),
        (
            lambda: RidgeReadout(3, 2).fit(torch.zeros(5, 4), torch.zeros(5, 2)),
            ShapeError,
            "`states` must have shape (T, N, F) = (T, N, 3) because input_size=3, but it has shape (5, 4).",
        ),
        (
            lambda: RidgeReadout(3, 2).fit(torch.zeros(5, 4, 3), torch.zeros(4, 4, 2)),
            ShapeError,
            "`targets` must have shape (T, N, O) = (5, 4, 2), one target for each state, "
            "but it has shape (4, 4, 2).",
        ),
        (
            lambda: RidgeReadout(3, 2).fit(torch.zeros(5, 1, 3), torch.zeros(5, 1, 2), lengths=[6]),
            LengthError,
            "no sequence can be longer than the input's 5 time steps, but lengths[0] = 6.",
        ),
        (
            lambda: RidgeReadout(3, 2).fit(torch.zeros(5, 1, 3), torch.zeros(5, 1, 2), washout=-1),
            OptionError,
            "`washout` must be a number of time steps, 0 or more, but it is -1.",
        ),
        (
            lambda: RidgeReadout(3, 2).fit(torch.zeros(5, 1, 3), torch.zeros(5, 1, 2), washout=5),
            OptionError,
            "`washout` must leave time steps to learn from, but 5 of them leave none.",
        ),
        (
            lambda: RidgeReadout(3, 2).fit(torch.zeros(5, 1, 3), torch.full((5, 1, 2), math.nan)),
            DtypeError,
            "`targets` must be finite numbers, but there are NaN or infinite ones.",
        ),
    ],
)
def test_what_is_wrong_is_refused(call: Callable[[], object], error: type[ElmanError], message: str):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
