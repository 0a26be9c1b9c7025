"""Scores as a table for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elman.tasks.results import ForecastReport, ScoreTable


def print_scores(scores: ScoreTable) -> None:
    """Print a score table and its verdict."""
    from rich.console import Console
    from rich.table import Table

    metrics = list(scores.rows[0].metrics)
    table = Table(title=f"{scores.part} part, {scores.num_origins} forecasts", title_justify="left")
    table.add_column("forecaster")
    for metric in metrics:
        table.add_column(metric, justify="right")
    for row in scores.rows:
        style = None if row.is_baseline else "bold"
        table.add_row(row.model, *(_figure(name, row.metrics[name]) for name in metrics), style=style)
    console = Console()
    console.print(table)
    for sentence in scores.verdict:
        console.print(sentence, highlight=False, markup=False)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if name.startswith("coverage") else f"{value:.4g}"


def print_report(report: ForecastReport, path: Path, *, quiet: bool) -> None:
    """Print what a finished run found: oddities of the data, scores, and where the report lies."""
    from rich.console import Console

    console = Console()
    if not quiet:
        for finding in report.findings:
            sign = "warning" if finding.severity == "warning" else "note"
            console.print(f"{sign}: {finding.message}", highlight=False, markup=False)
    print_scores(report.scores[0])
    console.print(f"report: {path}", highlight=False, markup=False, soft_wrap=True)
