"""The flow of gradients is watched while a classifier is trained, and changes nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from classify_samples import SMALL, waves

from elman import SequenceClassifier
from elman.data.sequences import sequences_from_arrays
from elman.report.classify import render_classification_report
from elman.tasks import flow
from elman.tasks.classify.run import ClassifyRuns
from elman.tasks.classify.settings import ClassifySettings
from elman.tasks.observer import Observer
from elman.tasks.running import read_flow
from elman.training.run import RunDirectory


def fit(**options: Any) -> tuple[list[Any], SequenceClassifier]:
    records: list[Any] = []
    classifier = SequenceClassifier(**{**SMALL, "num_steps": 6, "evaluate_every": 3, **options})
    observer = Observer(on_flow=records.append)
    return records, classifier.fit_sequences(sequences_from_arrays(*waves()), observer=observer)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": False, "pooling": "last", "through_time": "tbptt:2", "num_layers": 2},
        {"memory": "8MB", "convolution": 3, "pooling": "attention"},
        {"cell": "minimal_gated"},
    ],
    ids=str,
)
def test_a_look_every_few_steps(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(flow, "LOOK_EVERY", 2)
    records, _ = fit(**options)
    assert [record.step for record in records] == [2, 4, 6]
    states = [state for record in records for state in record.states]
    assert states
    for state in states:
        assert state.lags[:3] == (0, 1, 2)
        assert all(norm is not None and math.isfinite(norm) for norm in state.norms)
        assert any(state.norms)


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


def test_a_run_logs_its_looks_and_draws_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(flow, "LOOK_EVERY", 2)
    parts = [
        pl.DataFrame(
            {"who": [f"s{at}"] * len(one), "class": [label] * len(one), "x": np.nan_to_num(one[:, 0])}
        )
        for at, (one, label) in enumerate(zip(*waves(), strict=True))
    ]
    pl.concat(parts).write_parquet(tmp_path / "table.parquet")
    settings = ClassifySettings(
        str(tmp_path / "table.parquet"), id="who", label="class", hidden_size=4, num_steps=6, evaluate_every=3
    )
    directory, runs = RunDirectory(tmp_path / "run"), ClassifyRuns()
    report = runs.fit(settings, directory, "new", Observer())
    assert [look["step"] for look in read_flow(directory)] == [2, 4, 6]
    assert {point.step for point in report.flow} == {2, 4, 6}
    assert list(runs.load_report(directory).flow) == list(report.flow)
    page = render_classification_report(report)
    assert 'id="gradient-flow"' in page
    assert "(pooling mean), so each state has a gradient of its own" in page
    asked_last = replace(report, configuration={**report.configuration, "pooling": "last"})
    assert "(pooling" not in render_classification_report(asked_last)
    again = runs.fit(settings, directory, "resume", Observer())
    assert list(again.flow) == list(report.flow)
