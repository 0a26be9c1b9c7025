"""A benchmark as tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from elman.benchmark import BenchmarkReport, Row, Verdict

TITLES = {
    "train": "Training: forward and backward",
    "train-input": "Training, with a gradient of the input",
    "forward": "Forward only, no gradient",
    "cells": "Cells, training, beside the eager loop over the same cell",
    "lengths": "Lengths spread evenly over 1..T, training, beside a full batch",
    "first-call": "From the first call of a new cell, in a fresh process",
    "peak": "Arithmetic of the products, and its share of the peak",
    "memory": "Memory of a training step at its height",
    "step": "One time step of one sequence, no gradient",
    "jax": "Training, beside jax.lax.scan",
}
FIGURES = {"lengths": "share", "peak": "share", "memory": "share", "first-call": "judged"}
_WIDTH = 200  # more than any table needs: no figure is cut off where a terminal is narrow
_STYLES = {"aim": "green", "must": "yellow", "missed": "red", "red": "bold red"}


def print_row(row: Row) -> None:
    """Print on stderr what was just measured, so that a person sees it go on."""
    found = f"RED: {row.red}" if row.red else _describe(row)
    shape = str(row.shape or "")
    print(f"{row.section:<11} {row.name:<16} {shape:<16} {found}", file=sys.stderr, flush=True)


def print_report(report: BenchmarkReport) -> None:
    """Print every section, and the verdicts beside their bars."""
    from rich.console import Console

    machine = report.machine
    print(
        f"{machine['processor']} ({machine['instructions']}), {machine['threads']} of {machine['cores']} "
        f"cores, torch {machine['torch']}, elman {machine['elman']}"
    )
    console = Console(highlight=False, width=_WIDTH)
    for section, rows in groupby(report.rows, key=lambda row: row.section):
        console.print(_section_table(section, list(rows)))
    console.print(_verdict_table(report.verdicts))
    for note in report.notes:
        print(f"note: {note}")


def _section_table(section: str, rows: Sequence[Row]) -> Table:
    units = {row.unit for row in rows}
    columns = list(dict.fromkeys(name for row in rows for name in row.values))
    figure = FIGURES.get(section, "ratio")
    others = list(dict.fromkeys(name for row in rows for name in row.others))
    table = _empty(f"{TITLES[section]}, {', '.join(units)}")
    for name in ("", "T,N,I,H"):
        table.add_column(name)
    for name in (*columns, figure, *(f"to {name}" for name in others)):
        table.add_column(name, justify="right")
    table.add_column("backend")
    for row in rows:
        figures = [row.values.get(name) for name in columns] + [row.figure, *map(row.others.get, others)]
        cells = ["red"] * len(figures) if row.red else list(map(_number, figures))
        table.add_row(
            row.name, str(row.shape or ""), *cells, row.backend, style="bold red" if row.red else ""
        )
    return table


def _verdict_table(verdicts: Sequence[Verdict]) -> Table:
    table = _empty("Beside the bars")
    for name in ("", "", "of"):
        table.add_column(name)
    for name in ("value", "must", "aim"):
        table.add_column(name, justify="right")
    table.add_column("reached")
    for verdict in verdicts:
        numbers = map(_number, (verdict.value, verdict.must, verdict.aim))
        grade = f"[{_STYLES[verdict.grade]}]{verdict.grade}" if verdict.grade else ""
        table.add_row(verdict.section, verdict.name, verdict.statistic, *numbers, grade)
    return table


def _empty(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def _describe(row: Row) -> str:
    return "  ".join(_parts(row))


def _parts(row: Row) -> Iterator[str]:
    yield from (f"{name} {_number(value)} {row.unit}" for name, value in row.values.items())
    if row.figure is not None:
        yield f"{FIGURES.get(row.section, 'ratio')} {_number(row.figure)}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"
