"""What a person sees of a training that has a budget of time or of steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from elman.cli.progress import watch

if TYPE_CHECKING:
    from elman.tasks import Observer, TextOptions
    from elman.training import EvaluationRecord


@contextmanager
def watch_budget(options: TextOptions, *, quiet: bool) -> Iterator[Observer]:
    """Yield an observer that shows on stderr how much of the budget is spent.

    Args:
        options: of the training.
        quiet: show nothing.
    """
    if quiet or options.num_steps:
        with watch(options.num_steps or 1, quiet=quiet) as observer:
            yield observer
        return
    seconds = options.seconds or 0.0
    if sys.stderr.isatty():
        with _bar(seconds) as observer:
            yield observer
        return
    from elman.tasks import Observer

    yield Observer(on_stage=_say, on_record=lambda record: _say(_line(record, seconds)))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _line(record: EvaluationRecord, seconds: float) -> str:
    best = ", best so far" if record.is_best else ""
    return f"{record.seconds:.0f} of {seconds:g} s, step {record.step}  {_losses(record)}{best}"


def _losses(record: EvaluationRecord) -> str:
    return f"loss {record.loss:.4f}  validation {record.validation_loss:.4f}"


@contextmanager
def _bar(seconds: float) -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    from elman.tasks import Observer

    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[losses]}", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), expand=True) as progress:
        bar = progress.add_task("reading", total=seconds, losses="")
        begin, before = time.perf_counter(), 0.0

        def on_step(step: int, loss: float) -> None:
            spent = before + time.perf_counter() - begin
            progress.update(bar, completed=min(spent, seconds))

        def on_record(record: EvaluationRecord) -> None:
            # The seconds of earlier sittings count as well.
            nonlocal begin, before
            begin, before = time.perf_counter(), record.seconds
            progress.update(bar, completed=min(before, seconds), losses=_losses(record))

        def on_stage(text: str) -> None:
            progress.update(bar, description=text.split()[0])

        yield Observer(on_stage, on_step, on_record)
