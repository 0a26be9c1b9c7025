"""Scores as a table for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.results import ScoreTable


def print_scores(scores: ScoreTable) -> None:
    """Print a score table and its verdict; no figure is cut off where a terminal is narrow."""
    metrics = list(scores.rows[0].metrics)
    rows = [[scores.model, *metrics]]
    rows += [[row.model, *(_figure(name, row.metrics[name]) for name in metrics)] for row in scores.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    plural = "" if scores.num_origins == 1 else "s"
    print(f"{scores.part} part, {scores.num_origins} {scores.scored}{plural}")
    for at, (model, *figures) in enumerate(rows):
        cells = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
        print("  ".join([model.ljust(widths[0]), *cells]))
        if at == 0:
            print("  ".join("─" * width for width in widths))
    print(*scores.verdict, sep="\n")


def print_report(report: Any, path: Path, *, quiet: bool) -> None:
    """Print what a finished run found: oddities of the data, scores, and where the report lies.

    Args:
        report: of any task that has `findings` and `scores`.
        path: where it was drawn.
        quiet: leave the oddities out.
    """
    for finding in () if quiet else report.findings:
        print(f"{finding.severity}: {finding.message}")
    print_scores(report.scores[0])
    print(f"report: {path}")


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if name.startswith("coverage") else f"{value:.4g}"
