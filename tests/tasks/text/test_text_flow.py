"""The flow of gradients is watched while a language model is trained, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from elman.report.text import render_text_report
from elman.tasks import flow
from elman.tasks.flow import FlowWatch
from elman.tasks.language_model import LanguageModel
from elman.tasks.observer import Observer
from elman.tasks.running import read_flow
from elman.tasks.text.flow import look_from_last
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.run import run_text
from elman.tasks.text.saved import load_report
from elman.tasks.text.settings import TextSettings
from elman.training.run import RunDirectory

TEXT = "the cat sat on the mat and the dog sat on the log.\nthe end of it all\n" * 12
SMALL: dict[str, Any] = {"hidden_size": 6, "segment": 9, "batch_size": 5, "num_steps": 12}


def fit(**options: Any) -> tuple[list[Any], LanguageModel]:
    records: list[Any] = []
    model = LanguageModel(TextOptions(**{**SMALL, **options}))
    return records, model.fit(TEXT, observer=Observer(on_flow=records.append))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "LOOK_EVERY", 4)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(
    "options", [{}, {"memory": "2MB"}, {"cell": "lstm", "num_layers": 2, "weight_dropout": 0.2}], ids=str
)
def test_a_look_every_few_steps(options: dict[str, Any]):
    records, _ = fit(**options)
    assert [record.step for record in records] == [0, 4, 8]
    states = [state for record in records for state in record.states]
    assert {state.lags for state in states} == {(0, 1, 2, 4, 8)}
    # What a cell keeps for later steps only has no part in the last step's output, and 0 at lag 0.
    assert all(norm is not None and norm > 0 for state in states for norm in state.norms[1:])


def test_training_goes_on_with_the_same_bits(monkeypatch: pytest.MonkeyPatch):
    _, seldom = fit(dropout=0.3)
    monkeypatch.setattr(flow, "LOOK_EVERY", 2)
    _, watched = fit(dropout=0.3)
    pairs = zip(seldom.network.state_dict().values(), watched.network.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_it_is_the_gradient_of_the_last_symbol_alone():
    network = TextNetwork.fresh(7, TextOptions(**{**SMALL, "cell": "gru"})).double()
    codes = torch.arange(10 * 3).view(10, 3) * 5 % 7
    records: list[Any] = []
    watch = FlowWatch(network, records.append)
    look_from_last(watch, 0, codes[:-1], codes[1:])
    (record,) = records
    assert network.training
    assert [step for step in range(101) if watch.is_due(step)] == [0, 50, 100]
    twin = torch.nn.GRUCell(64, 6).double()
    weights = network.layers.layers[0].state_dict()
    twin.load_state_dict({name.removesuffix("_l0"): one for name, one in weights.items()})
    state, states = torch.zeros(3, 6, dtype=torch.float64), []
    for step in network.embedding(codes[:-1]):
        state = twin(step, state)
        states.append(state)
    logits = state @ network.head.weight.T + network.head.bias
    found = torch.autograd.grad(cross_entropy(logits, codes[-1]), states)
    expected = [found[-1 - lag].norm(dim=1).mean().item() for lag in (0, 1, 2, 4, 8)]
    # Double precision: what is left is the order of sums.
    assert record.states[0].norms == pytest.approx(expected, rel=1e-9)


@pytest.mark.usefixtures("often")
def test_a_run_logs_its_looks_and_draws_them(tmp_path: Path):
    (tmp_path / "book.txt").write_text(TEXT)
    settings = TextSettings(data=str(tmp_path / "book.txt"), threads=1, **SMALL)
    directory = RunDirectory(tmp_path / "run")
    report = run_text(settings, directory, "new", Observer())
    assert [look["step"] for look in read_flow(directory)] == [0, 4, 8]
    assert {point.step for point in report.flow} == {0, 4, 8}
    assert list(load_report(directory).flow) == list(report.flow)
    page = render_text_report(report)
    assert 'id="gradient-flow"' in page
    assert "seconds per epoch" in page
    passes = report.curve[-1].step / 29  # 723 symbols to learn from: 5 rows of 144 pairs, in segments of 9
    assert report.seconds_per_epoch == pytest.approx(report.seconds / passes, rel=0.6)
    again = run_text(settings, directory, "overwrite", Observer())
    assert [point.step for point in again.flow] == [0, 4, 8]
