"""The flow of gradients is watched while a forecast is trained, and changes nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from forecast_tables import plain_table

from elman.errors import RunError
from elman.report.forecast import render_forecast_report
from elman.tasks import Forecaster, ForecastOptions, flow
from elman.tasks.forecast.run import run_forecast
from elman.tasks.forecast.saved import load_report
from elman.tasks.forecast.settings import ForecastSettings
from elman.tasks.observer import Observer
from elman.tasks.running import FLOW, read_flow
from elman.training import TrainingOptions
from elman.training.run import RunDirectory

TABLE = plain_table([float(step % 7) + 0.1 * (step * 37 % 11) for step in range(200)])


def fit(**options: Any) -> tuple[list[Any], Forecaster]:
    records: list[Any] = []
    training = TrainingOptions(num_steps=6, evaluate_every=3)
    chosen = ForecastOptions(hidden_size=4, context=9, batch_size=8, training=training, **options)
    forecaster = Forecaster(horizon=3, time="time", target="y", options=chosen)
    return records, forecaster.fit(TABLE, observer=Observer(on_flow=records.append))


@pytest.mark.parametrize("options", [{}, {"through_time": "tbptt:2"}, {"memory": "32MB"}], ids=str)
def test_a_look_every_few_steps(options: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(flow, "LOOK_EVERY", 2)
    records, _ = fit(**options)
    assert [record.step for record in records] == [2, 4, 6]
    for state in (state for record in records for state in record.states):
        steps = 9 if state.layer.startswith("encoder") else 3
        assert state.lags == tuple(lag for lag in (0, 1, 2, 4, 8) if lag < steps)
        assert all(norm is not None and math.isfinite(norm) for norm in state.norms)
    layers = {state.layer.partition(".")[0] for state in records[0].states}
    assert layers == {"encoder", "decoder", "backward_decoder"}


def test_training_goes_on_with_the_same_bits(monkeypatch: pytest.MonkeyPatch):
    _, unwatched = fit()
    monkeypatch.setattr(flow, "LOOK_EVERY", 2)
    _, watched = fit()
    pairs = zip(
        unwatched.model.network.state_dict().values(),
        watched.model.network.state_dict().values(),
        strict=True,
    )
    assert all(torch.equal(one, other) for one, other in pairs)


def settings(table: Path) -> ForecastSettings:
    return ForecastSettings(
        data=str(table),
        time="time",
        target="y",
        horizon=3,
        hidden_size=4,
        context=9,
        batch_size=8,
        num_steps=6,
        evaluate_every=3,
    )


def test_a_run_logs_its_looks_and_draws_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(flow, "LOOK_EVERY", 2)
    TABLE.write_parquet(tmp_path / "table.parquet")
    directory = RunDirectory(tmp_path / "run")
    report = run_forecast(settings(tmp_path / "table.parquet"), directory, "new", Observer())
    assert [look["step"] for look in read_flow(directory)] == [2, 4, 6]
    assert {point.step for point in report.flow} == {2, 4, 6}
    assert list(load_report(directory).flow) == list(report.flow)
    page = render_forecast_report(report)
    assert 'id="gradient-flow"' in page
    again = run_forecast(settings(tmp_path / "table.parquet"), directory, "resume", Observer())
    assert list(again.flow) == list(report.flow)


def test_a_damaged_log_is_named(tmp_path: Path):
    (tmp_path / FLOW).write_text("no json")
    with pytest.raises(RunError, match=r"gradients\.jsonl is damaged"):
        read_flow(RunDirectory(tmp_path))
