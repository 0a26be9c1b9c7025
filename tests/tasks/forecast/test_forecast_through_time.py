"""The gradient of a window: cut, or within a budget."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from forecast_tables import plain_table
from torch import Tensor

from elman.errors import GraphError, OptionError
from elman.tasks import Forecaster, ForecastOptions
from elman.tasks.forecast.network import Batch, ForecastNetwork, NetworkSizes
from elman.tasks.forecast.through_time import parse_memory, parse_reach
from elman.training import TrainingOptions

SIZES = NetworkSizes(past=2, future=3, bases=1)


def network(**options: Any) -> ForecastNetwork:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"cell": "gru", "hidden_size": 8, "num_layers": 2, "dropout": 0.0}
    made = ForecastNetwork(SIZES, levels=(0.1, 0.5, 0.9), **{**sizes, **options})
    for parameter in made.head.parameters():  # a fresh head says nothing, and sends nothing back
        torch.nn.init.normal_(parameter)
    return made


def batch(num_past: int) -> Batch:
    torch.manual_seed(1)
    no_codes = torch.zeros(num_past, 4, 0, dtype=torch.long)
    return Batch(
        past=torch.randn(num_past, 4, 2).requires_grad_(),
        past_codes=no_codes,
        future=torch.randn(5, 4, 3),
        future_codes=no_codes[:5],
        target=torch.zeros(5, 4),
        observed=torch.ones(5, 4, dtype=torch.bool),
        bases=torch.zeros(5, 4, 1),
    )


def gradients(made: ForecastNetwork, windows: Batch) -> list[Tensor]:
    with made.bounded():
        output = made(windows)
    return list(torch.autograd.grad(output.square().sum(), [windows.past, *made.parameters()]))


def test_a_cut_gradient_reaches_back_so_many_steps():
    windows = batch(20)
    exact, cut = network(), network(reach=6)
    assert torch.equal(exact(windows), cut(windows))  # all of the context is read
    (whole, *_), (past, *_) = gradients(exact, windows), gradients(cut, windows)
    assert bool(whole[:14].abs().sum(dim=(1, 2)).all())
    assert not past[:14].any()
    # What is left is exact: the path from the last steps to the loss is the same.
    torch.testing.assert_close(past[14:], whole[14:])


def test_a_reach_beyond_the_context_is_exact():
    windows = batch(20)
    for reach in (20, 100):
        for ours, truth in zip(
            gradients(network(reach=reach), windows), gradients(network(), windows), strict=True
        ):
            assert torch.equal(ours, truth)


def test_a_budget_bounds_the_whole_network():
    windows = batch(600)
    with pytest.raises(OptionError, match="6 layers and directions have equal shares of it"):
        gradients(network(memory=1_000_000), windows)
    found, truth = gradients(network(memory=6_000_000), windows), gradients(network(), windows)
    # Sums of 600 x 4 terms are cut elsewhere: float32 moves them by a few eps of the largest.
    for ours, expected in zip(found, truth, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=float(1e-5 * expected.abs().max()))


def test_a_plain_loop_has_no_budget():
    with pytest.raises(GraphError, match="`memory` bounds what machine code keeps"):
        gradients(network(cell=eager_cell, memory=6_000_000), batch(5))


def eager_cell(input_size: int, hidden_size: int) -> Any:
    from elman.cells import GRUCell

    class Noisy(GRUCell):
        def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            return super().forward(input + 0 * torch.rand_like(input), state)

    return Noisy(input_size, hidden_size)


def test_a_forecaster_learns_either_way():
    table = plain_table([float(step % 7) for step in range(200)])
    training = TrainingOptions(num_steps=4, evaluate_every=2)
    losses = {}
    for name, options in {
        "exact": {},
        "cut": {"through_time": "tbptt:2"},
        "bounded": {"memory": "32MB"},
    }.items():
        chosen = ForecastOptions(hidden_size=4, context=14, dropout=0.0, training=training, **options)
        forecaster = Forecaster(horizon=3, time="time", target="y", options=chosen).fit(table)
        losses[name] = [record.validation_loss for record in forecaster.fitted.training.curve]
    assert losses["bounded"] == pytest.approx(losses["exact"], rel=1e-4)
    assert losses["cut"] != losses["exact"]
    small = ForecastOptions(hidden_size=4, context=14, training=training, memory="100kB")
    with pytest.raises(OptionError, match="`memory` is too small for the gradient of 14 time steps"):
        Forecaster(horizon=3, time="time", target="y", options=small).fit(table)


@pytest.mark.parametrize(
    "text", ["rtrl", "per-step", "tbptt", "tbptt:0", "tbptt:-3", "tbptt:2:4", "", None, 5]
)
def test_what_makes_no_sense_for_windows_is_refused(text: object):
    with pytest.raises(OptionError) as caught:
        parse_reach(text)
    assert str(caught.value) == (
        "`through_time` of a forecast must be bptt or tbptt:STEPS, since a window has one loss, on what "
        f"comes after it, and no update on the way; but it is {text!r}."
    )


def test_sizes_are_read():
    assert [parse_memory(None), parse_memory("2MB"), parse_reach("tbptt:12")] == [None, 2_000_000, 12]
