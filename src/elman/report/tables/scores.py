"""The score table: the network first, the baselines below, the best of each metric marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.report.formatting import count, decimals_for, finite, number, percent
from elman.report.markup import Content, Html, element
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.tasks.results import ScoreRow, ScoreTable


def score_table(scores: ScoreTable, promised_coverage: float | None) -> Html:
    """Write one score table.

    Args:
        scores: the table.
        promised_coverage: share of truths the widest band is to hold, if there is a band.
    """
    metrics = list(dict.fromkeys(metric for scored in scores.rows for metric in scored.metrics))
    columns = [_column(metric, scores.rows, promised_coverage) for metric in metrics]
    rows = [
        row(_model(scored), [cells[index] for cells in columns], None if scored.is_baseline else "network")
        for index, scored in enumerate(scores.rows)
    ]
    caption = (
        f"The {scores.part} part, {count(scores.num_origins, scores.scored)}. "
        f"Bold with a dot: the best of its column. {_reading(metrics)}"
    )
    return table(caption, ["model", *metrics], rows)


def best(metric: str, values: Sequence[float | None], promised_coverage: float | None) -> set[int]:
    """Return the indices of the best values of a metric; none if there is nothing to compare.

    Example:
        >>> best("MAE", [2.0, 1.0, None], None), best("coverage", [0.99, 0.83], 0.8)
        ({1}, {1})
    """
    aim = _aim(metric, promised_coverage)
    distance = {i: abs(v - aim) for i, value in enumerate(values) if (v := finite(value)) is not None}
    return {i for i, d in distance.items() if d == min(distance.values())} if len(distance) > 1 else set()


def _aim(metric: str, promised_coverage: float | None) -> float:
    """Return the value a metric would like to have: what the band promises, or no error at all."""
    if _is_gain(metric):
        return 1.0
    if not _is_share(metric):
        return 0.0
    named = re.search(r"\d+(\.\d+)?", metric)
    level = float(named[0]) if named else promised_coverage
    if level is None:
        return 1.0
    return level / 100 if level > 1 else level


def _column(metric: str, rows: Sequence[ScoreRow], promised_coverage: float | None) -> list[Html]:
    values = [scored.metrics.get(metric) for scored in rows]
    winners = best(metric, values, promised_coverage)
    decimals = decimals_for(values)
    texts = [percent(value) if _is_share(metric) else number(value, decimals) for value in values]
    return [_cell(text, index in winners) for index, text in enumerate(texts)]


def _cell(text: str, is_best: bool) -> Html:
    return element("td", element("strong", text) if is_best else text, class_="best" if is_best else None)


def _model(scored: ScoreRow) -> Content:
    return [scored.model, " ", element("small", "baseline" if scored.is_baseline else "network")]


def _is_share(metric: str) -> bool:
    return "coverage" in metric.lower() or _is_gain(metric)


def _is_gain(metric: str) -> bool:
    """Tell whether more is better, up to 1."""
    return any(word in metric.lower() for word in ("accuracy", "f1", "precision", "recall"))


def _reading(metrics: Sequence[str]) -> str:
    if any(map(_is_gain, metrics)):
        return "Accuracies and F1 are better when higher, errors and losses when lower."
    if any(map(_is_share, metrics)):
        return "Errors are better when lower, coverage when nearer to what its band promises."
    return "All of them are better when lower."
