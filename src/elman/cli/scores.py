"""Scores as a table for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elman.tasks.results import ForecastReport, ScoreTable


def print_scores(scores: ScoreTable) -> None:
    """Print a score table and its verdict; no figure is cut off where a terminal is narrow."""
    metrics = list(scores.rows[0].metrics)
    rows = [["forecaster", *metrics]]
    rows += [[row.model, *(_figure(name, row.metrics[name]) for name in metrics)] for row in scores.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    forecasts = "1 forecast" if scores.num_origins == 1 else f"{scores.num_origins} forecasts"
    print(f"{scores.part} part, {forecasts}")
    for at, (model, *figures) in enumerate(rows):
        cells = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
        print("  ".join([model.ljust(widths[0]), *cells]))
        if at == 0:
            print("  ".join("─" * width for width in widths))
    print(*scores.verdict, sep="\n")


def print_report(report: ForecastReport, path: Path, *, quiet: bool) -> None:
    """Print what a finished run found: oddities of the data, scores, and where the report lies."""
    for finding in () if quiet else report.findings:
        print(f"{finding.severity}: {finding.message}")
    print_scores(report.scores[0])
    print(f"report: {path}")


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if name.startswith("coverage") else f"{value:.4g}"
