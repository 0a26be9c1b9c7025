"""Every cell beside the plain loop over it, and the page of the cells with what was measured.

    python benchmarks/cells.py [--threads N] [--seconds S] [--page]

Training (forward and backward) at T = 100, N = 32, I = H = 64; both sides in turn in one process, after a
check that outputs, states and gradients agree. The figures go to docs/cells.json, the page to docs/cells.md;
--page writes the page anew from the figures that are there.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from elman.benchmark.cell_rows import pair_loops
from elman.benchmark.measure import measure_pairing
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import Shape
from elman.benchmark.suite import describe_machine
from elman.cells import ALL_CELLS, ALL_WRAPPERS, Cell
from elman.cells.documentation import read_documentation
from elman.layers.catalogue import CellDescription, describe_cell

DOCS = Path(__file__).parent.parent / "docs"
FIGURES, PAGE = DOCS / "cells.json", DOCS / "cells.md"
SHAPE = Shape(100, 32, 64, 64)


def measure(threads: int | None, seconds: float) -> dict[str, Any]:
    """Return the machine, and for each cell both times in milliseconds and their ratio."""
    if threads:
        torch.set_num_threads(threads)
    settings = BenchmarkSettings(peers=(), seconds=seconds, threads=threads)
    cells = {}
    for key, cell_class in ALL_CELLS.items():
        pairing = pair_loops(cell_class, SHAPE, settings)
        # A reservoir has nothing to train.
        mode = "train" if any(one.requires_grad for one in pairing.ours.parameters.values()) else "forward"
        row = measure_pairing(pairing, "cells", key, SHAPE, mode, settings)
        if row.red:
            sys.exit(f"{key}: {row.red}")
        cells[key] = {**row.values, "ratio": row.figure, "backend": row.backend}
        print(
            f"{key:24} {row.values['eager']:8.2f} {row.values['elman']:8.2f} {row.figure:6.2f}",
            file=sys.stderr,
        )
    return {"machine": describe_machine(), "cells": cells}


def geometric_mean(figures: Mapping[str, Any]) -> float:
    """Return the mean ratio over all cells."""
    ratios = [cell["ratio"] for cell in figures["cells"].values()]
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def render(figures: Mapping[str, Any]) -> str:
    """Return the page: a table, then a section for each cell and wrapper."""
    cells = {key: describe_cell(key, SHAPE.input_size, SHAPE.hidden_size) for key in ALL_CELLS}
    lines = [*_introduction(figures), "", *_table(figures, cells)]
    for key, cell in cells.items():
        lines += ["", *_section(cell, figures["cells"].get(key))]
    lines += [
        "",
        "## Wrappers",
        "",
        "A wrapper is a cell that holds another one: `Zoneout(GRUCell(12, 64))`.",
        "",
    ]
    for wrapper in ALL_WRAPPERS.values():
        lines += _wrapper(wrapper)
    return "\n".join(lines).rstrip() + "\n"


def _introduction(figures: Mapping[str, Any]) -> list[str]:
    machine, slowest = figures["machine"], min(figures["cells"].values(), key=lambda cell: cell["ratio"])
    return [
        "# Cells",
        "",
        "One time step each, written as its equation. `elman.Recurrent(cell)` runs any of them over",
        "sequences, compiled; `--cell NAME` chooses one on the command line. W, U are weights, b biases,",
        "`*` is elementwise.",
        "This page is written by `python benchmarks/cells.py`.",
        "",
        f"Speed is training (forward and backward) at T = {SHAPE.num_steps}, N = {SHAPE.batch_size}, "
        f"I = H = {SHAPE.hidden_size}, beside the plain PyTorch loop over the",
        f"same cell, measured in turn on {machine['threads']} threads ({machine['processor']}, "
        f"{machine['instructions']}): {geometric_mean(figures):.1f} times as fast in the",
        f"geometric mean, {slowest['ratio']:.1f} times at least.",
    ]


def _table(figures: Mapping[str, Any], cells: Mapping[str, CellDescription]) -> list[str]:
    lines = [
        "| cell | `--cell` | parameters | loop, ms | compiled, ms | ratio |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for key, cell in cells.items():
        found = figures["cells"].get(key)
        speed = f"{found['eager']:.1f} | {found['elman']:.2f} | {found['ratio']:.1f}" if found else "| |"
        link = f"[{cell.name}](#{cell.name.lower()})"
        lines.append(f"| {link} | `{key}` | {cell.num_parameters:,} | {speed} |")
    return lines


def _section(cell: CellDescription, figures: Mapping[str, Any] | None) -> list[str]:
    told = cell.documentation
    state = ", ".join(f"(N, {', '.join(map(str, shape))})" for shape in cell.state)
    options = ", ".join(f"`{name}={default!r}`" for name, default in cell.options.items())
    speed = f" Training runs {figures['ratio']:.1f} times as fast as the plain loop." if figures else ""
    facts = f"{cell.num_parameters:,} parameters at I = H = {SHAPE.hidden_size}; state {state}.{speed}"
    lines = [
        f"## {cell.name}",
        "",
        told.summary,
        "",
        told.use,
        "",
        "```text",
        *told.equations,
        "```",
        "",
        facts,
    ]
    lines += ["", f"Options: {options}."] if options else []
    lines += ["", told.reference] if told.reference else []
    return lines + (["", f"Differs from the paper: {told.differences}"] if told.differences else [])


def _wrapper(wrapper: type[Cell]) -> list[str]:
    told = read_documentation(wrapper)
    lines = [f"### {wrapper.__name__}", "", told.summary, "", told.use, ""]
    lines += ["```text", *told.equations, "```", ""] if told.equations else []
    return lines + ([told.reference, ""] if told.reference else [])


def main() -> None:
    """Measure, or read what was measured, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, default=1.0, help="for one cell")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if not options.page:
        FIGURES.write_text(
            json.dumps(measure(options.threads, options.seconds), indent=1) + "\n", encoding="utf-8"
        )
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    PAGE.write_text(render(figures), encoding="utf-8")
    print(f"geometric mean {geometric_mean(figures):.2f}; {PAGE}")


if __name__ == "__main__":
    main()
