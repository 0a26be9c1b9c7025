"""`elman inspect`: what gradients and gates of a fitted network do, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from elman.tasks.forecast.inspection import NetworkInspection

LAGS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Another table with the same columns. Default: the table of the run."
        ),
    ] = None,
    part: Annotated[str, typer.Option(metavar="PART", help="test or validation.")] = "test",
    lag: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="How far back the task looks. Default: one season."),
    ] = None,
) -> None:
    """Look a network over: how far gradients reach, what gates do, what is wrong and what helps.

    [bold]Example[/bold]: elman inspect runs/demand --lag 168
    """
    from elman.tasks.forecast.run import load_forecaster
    from elman.tasks.forecast.settings import ForecastSettings
    from elman.training.run import RunDirectory

    directory = RunDirectory(run)
    settings = ForecastSettings.of_run(directory)
    found = load_forecaster(directory).inspect(data or Path(settings.data), part, task_lag=lag)
    windows = "1 window" if found.num_windows == 1 else f"{found.num_windows} windows"
    print(f"{found.part} part, {windows}")
    for lines in (_flow(found), _gains(found), _gates(found), _findings(found)):
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
    if not found.findings:
        yield f"Nothing is wrong: gradients reach {found.task_lag} steps back, and units can move."
