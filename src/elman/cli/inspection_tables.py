"""What was found inside a network, as tables for people."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from elman.tasks.inspection import NetworkInspection

LAGS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def print_inspection(found: NetworkInspection) -> None:
    """Print the sequences that were read, four tables, and the findings with their remedies."""
    plural = "" if found.num_sequences == 1 else "s"
    print(f"{found.part} part, {found.num_sequences} {found.sequence}{plural}")
    for lines in (_flow(found), _gains(found), _steps(found), _gates(found), _findings(found)):
        print("", *lines, sep="\n")


def _flow(found: NetworkInspection) -> Iterator[str]:
    yield "Gradient of the loss by the state, so many steps before the end"
    rows = [(f"{one.layer} {one.state}", one.over_lag) for one in found.flow.states]
    yield from _by_lag(rows)


def _gains(found: NetworkInspection) -> Iterator[str]:
    yield "Gradient of the last state by the state, so many steps before"
    yield from _by_lag([(one.layer, one.gain) for one in found.lags])


def _by_lag(rows: list[tuple[str, Any]]) -> Iterator[str]:
    lags = [lag for lag in LAGS if any(lag < len(values) for _, values in rows)]
    cells = [["", *map(str, lags)]]
    for name, values in rows:
        cells.append([name, *(f"{values[lag]:.1e}" if lag < len(values) else "" for lag in lags)])
    yield from _align(cells)


def _steps(found: NetworkInspection) -> Iterator[str]:
    """Write what one step does to a push of the state, and how long a push and an input are kept."""
    yield "Spectral radius and largest singular value of one step, means; lags until 1% of a push is left"
    yield "(horizon) and until half of a random signal can be read (recall); memory capacity"
    jacobians = {one.layer: one for one in found.jacobians}
    cells = [["", "radius", "singular", "horizon", "recall", "capacity"]]
    for one in found.lags:
        horizon, memory = one.horizon(), found.memory.get(one.layer)
        told = f"{horizon:.0f}" if isfinite(horizon) else f">{len(one.gain) - 1}"
        kept = ["", ""] if memory is None else [f"{memory.horizon()}", f"{memory.total:.1f}"]
        step = jacobians.get(one.layer)
        size = [step.spectral_radius, step.singular_values[..., 0]] if step else []
        means = [f"{np.nanmean(values):.3f}" for values in size] or ["", ""]
        cells.append([one.layer, *means, told, *kept])
    yield from _align(cells)


def _gates(found: NetworkInspection) -> Iterator[str]:
    yield "Gates and activations"
    cells = [["", "mean", "low", "high"]]
    cells += [
        [f"{one.layer} {value.name}", f"{value.mean:.3f}", f"{value.low:.0%}", f"{value.high:.0%}"]
        for one in found.activity
        for value in one.values
    ]
    yield from _align(cells)


def _align(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *figures in rows:
        aligned = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *aligned]).rstrip()


def _findings(found: NetworkInspection) -> Iterator[str]:
    for one in found.findings:
        yield f"{one.severity}: {one.message}"
        yield from (f"    {remedy}" for remedy in one.remedies)
        yield f"    more: {one.page}"
    if not found.findings:
        yield f"Nothing is wrong: gradients reach {found.task_lag} steps back, and units can move."
