"""Any cell, any number of layers; the same seed gives the same bits and touches nobody's random numbers."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from forecast_tables import (
    assert_same_model,
    hourly_table,
    plain_table,
    quantiles_of,
    rich_forecaster,
    small_forecaster,
)
from torch import Tensor, nn

from elman.cells import ALL_CELLS, Cell
from elman.errors import NonFiniteError, OptionError, RunError
from elman.tasks import Forecaster, ForecastOptions, Observer
from elman.training import TrainingOptions

TABLE = hourly_table(240)


class Leaky(Cell):
    """A leaky integrator."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.gate = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = 0.5 * state + 0.5 * torch.tanh(self.gate(torch.cat([input, state], dim=-1)))
        return state, state


class TwoClocks(Cell):
    """Two states, one of them slow; the output is both side by side."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.output_size = hidden_size + 3
        self.fast = nn.Linear(input_size + hidden_size, hidden_size)
        self.slow = nn.Linear(hidden_size, 3)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, 3)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        fast = torch.tanh(self.fast(torch.cat([input, state[0]], dim=-1)))
        slow = 0.9 * state[1] + 0.1 * self.slow(fast)
        return torch.cat([fast, slow], dim=-1), (fast, slow)


CELLS = {name: name for name in ALL_CELLS} | {"leaky": Leaky, "two clocks": TwoClocks}


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_learns_and_forecasts(cell: str, num_layers: int):
    forecaster = rich_forecaster(cell=CELLS[cell], num_layers=num_layers, context=12).fit(TABLE)
    network = forecaster.model.network
    for stack in (network.encoder, network.decoder, network.backward_decoder):
        assert len(stack.layers) == num_layers
    assert np.isfinite(quantiles_of(forecaster.backtest())).all()
    fresh = rich_forecaster(cell=CELLS[cell], num_layers=num_layers, context=12, num_steps=1).fit(TABLE)
    changed = [
        not torch.equal(one, other)
        for one, other in zip(network.parameters(), fresh.model.network.parameters(), strict=True)
    ]
    # The steps have moved everything but embeddings of texts that were not drawn.
    assert sum(changed) > 0.9 * len(changed)


def test_names_of_cells_are_shown():
    assert small_forecaster().name == "elman (LSTM + ridge)"
    assert small_forecaster(cell="gru").name == "elman (GRU + ridge)"
    assert small_forecaster(cell=Leaky).name == "elman (Leaky + ridge)"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (lambda input_size, hidden_size: nn.GRUCell(input_size, hidden_size), "it made a GRUCell"),
        (3, "`cell` must be a name or a function that makes a cell, but it is 3"),
    ],
)
def test_what_makes_no_cell_is_refused_before_any_work(cell: object, message: str):
    stages: list[str] = []
    with pytest.raises(OptionError, match=message):
        small_forecaster(cell=cell).fit(TABLE, observer=Observer(on_stage=stages.append))
    assert stages == []


def test_a_batch_larger_than_the_number_of_windows():
    table = plain_table(np.random.default_rng(0).normal(size=20))
    forecaster = small_forecaster(3, batch_size=500).fit(table)
    assert np.isfinite(quantiles_of(forecaster.predict(table))).all()


def test_the_decoder_goes_on_from_the_encoder():
    """What stands in the distant context moves the forecast: the state is handed on."""
    forecaster = small_forecaster(context=30, validation=6, test=6).fit(plain_table(np.arange(90.0) % 7))
    batches = forecaster.model.batches_of(forecaster.fitted.arrays)
    batch = batches.make(forecaster.fitted.arrays.starts + 60, np.zeros((1, 6)))
    network = forecaster.model.network.eval()
    with torch.no_grad():
        before = network(batch)
        batch.past[-1] += 1
        after = network(batch)
    assert not torch.equal(before, after)


class TestDeterminism:
    """The seed alone decides."""

    def test_the_same_seed_gives_the_same_bits(self):
        torch.manual_seed(5)
        one = rich_forecaster(seed=3).fit(TABLE)
        torch.manual_seed(6)
        np.random.seed(7)  # noqa: NPY002 - the generator that a user may have seeded
        other = rich_forecaster(seed=3).fit(TABLE)
        assert_same_model(one, other)
        assert one.backtest().equals(other.backtest())
        assert [(r.loss, r.validation_loss) for r in one.fitted.training.curve] == [
            (r.loss, r.validation_loss) for r in other.fitted.training.curve
        ]

    def test_a_forecaster_is_fitted_anew_each_time(self):
        forecaster = rich_forecaster()
        first = forecaster.fit(TABLE).model.tensors()
        second = forecaster.fit(TABLE).model.tensors()
        assert all(torch.equal(first[name], second[name]) for name in first)

    def test_another_seed_gives_other_weights(self):
        one, other = (rich_forecaster(seed=seed).fit(TABLE) for seed in (3, 4))
        assert torch.equal(one.model.linear.shared, other.model.linear.shared)
        mine, theirs = one.model.network.state_dict(), other.model.network.state_dict()
        assert not torch.equal(mine["head.linear.weight"], theirs["head.linear.weight"])

    def test_nobody_elses_random_numbers_are_touched(self, hourly: pl.DataFrame):
        torch.manual_seed(1)
        np.random.seed(2)  # noqa: NPY002
        random.seed(3)
        before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[union-attr,index] # noqa: NPY002
        forecaster = rich_forecaster(dropout=0.5).fit(hourly)
        forecaster.backtest()
        forecaster.report()
        after = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[union-attr,index] # noqa: NPY002
        assert torch.equal(before[0], after[0])
        assert before[1:] == after[1:]

    def test_forecasts_do_not_drop_anything_out(self):
        forecaster = rich_forecaster(dropout=0.9).fit(TABLE)
        assert forecaster.backtest().equals(forecaster.backtest())
        assert not forecaster.model.network.training

    def test_a_fit_that_was_cut_off_ends_with_the_same_bits(self, tmp_path: Path):
        whole = rich_forecaster(num_steps=6).fit(TABLE)
        checkpoint = tmp_path / "checkpoint"

        def stop(step: int, loss: float) -> None:
            if step == 5:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            rich_forecaster(num_steps=6).fit(TABLE, checkpoint=checkpoint, observer=Observer(on_step=stop))
        steps: list[int] = []
        observer = Observer(on_step=lambda step, loss: steps.append(step))
        continued = rich_forecaster(num_steps=6).fit(TABLE, checkpoint=checkpoint, observer=observer)
        assert steps == [5, 6]
        assert_same_model(whole, continued)

    def test_a_checkpoint_of_other_data_is_refused(self, tmp_path: Path):
        checkpoint = tmp_path / "checkpoint"
        rich_forecaster().fit(TABLE, checkpoint=checkpoint)
        with pytest.raises(RunError):
            rich_forecaster().fit(TABLE.with_columns(pl.col("y") + 1), checkpoint=checkpoint)

    def test_an_observer_is_told_of_everything(self):
        stages, steps, records = [], [], []
        observer = Observer(stages.append, lambda step, loss: steps.append((step, loss)), records.append)
        forecaster = rich_forecaster().fit(TABLE, observer=observer)
        assert stages == ["fitting the linear branch", "training the recurrent branch", "calibrating"]
        assert [step for step, _ in steps] == [1, 2, 3, 4]
        assert records == list(forecaster.fitted.training.curve)

    def test_a_loss_that_diverges_names_its_windows(self):
        training = TrainingOptions(num_steps=4, evaluate_every=4, learning_rate=1e30, warmup=0.0)
        options = ForecastOptions(hidden_size=4, batch_size=8, training=training)
        forecaster = Forecaster(horizon=6, time="time", target="y", options=options)
        with pytest.raises(NonFiniteError, match=r"batch of 8 windows: from 2024-01-\d\d \d\d:00:00"):
            forecaster.fit(TABLE)
