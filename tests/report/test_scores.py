import pytest
from report_samples import scores

from elman.report.tables.scores import best, score_table
from elman.tasks.results import ScoreRow, ScoreTable


@pytest.mark.parametrize(
    ("metric", "values", "winners"),
    [
        ("MAE", [2.0, 1.0, 3.0], {1}),
        ("MAE", [1.0, 1.0, 3.0], {0, 1}),
        ("MAE", [1.0, None], set()),
        ("MAE", [float("nan"), 2.0, 1.0], {2}),
        ("bias", [-0.5, 0.2, -0.1], {2}),
        ("coverage", [0.99, 0.85, 0.7], {1}),
        ("coverage 50 %", [0.99, 0.85, 0.52], {2}),
        ("coverage_0.95", [0.99, 0.85, 0.52], {0}),
    ],
)
def test_best_of_a_metric(metric: str, values: list[float | None], winners: set[int]):
    assert best(metric, values, promised_coverage=0.8) == winners


def test_network_stands_first_and_coverage_is_a_percentage():
    written = score_table(scores("test", 56), 0.9)
    body = written.split("<tbody>")[1]
    assert body.startswith('<tr class="network">')
    assert body.count("<tr>") == 4
    assert "88.7\N{NO-BREAK SPACE}%" in body
    assert '<td class="best"><strong>431</strong></td>' in body
    assert "56 forecasts" in written


def test_a_metric_that_only_some_models_have_is_shown_for_all():
    rows = [ScoreRow("net", {"MAE": 1.0}, False), ScoreRow("naive", {"bias": 0.25}, True)]
    body = score_table(ScoreTable("test", rows, 1, []), None).split("<tbody>")[1]
    assert body.count("–") == 2
