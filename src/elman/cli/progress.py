"""What a person sees while a network trains: one bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elman.tasks import Observer
    from elman.training import EvaluationRecord


@contextmanager
def watch(num_steps: int, *, quiet: bool) -> Iterator[Observer]:
    """Yield an observer that shows on stderr how a fit goes.

    Args:
        num_steps: optimizer steps at most.
        quiet: show nothing.
    """
    from elman.tasks import Observer

    if quiet:
        yield Observer()
    elif sys.stderr.isatty():
        with _bar(num_steps) as observer:
            yield observer
    else:
        yield Observer(on_stage=_say, on_record=lambda record: _say(_line(record, num_steps)))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _line(record: EvaluationRecord, num_steps: int) -> str:
    left = record.seconds / record.step * (num_steps - record.step)
    best = ", best so far" if record.is_best else ""
    return (
        f"step {record.step}/{num_steps}  {_losses(record.loss, record.validation_loss)}{best}  "
        f"{_clock(record.seconds)} gone, at most {_clock(left)} left"
    )


def _losses(loss: float, validation_loss: float | None) -> str:
    validation = "" if validation_loss is None else f"  validation {validation_loss:.4f}"
    return f"loss {loss:.4f}{validation}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


@contextmanager
def _bar(num_steps: int) -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    from elman.tasks import Observer

    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), expand=True) as progress:
        bar = progress.add_task("reading", total=num_steps, losses="")
        validation_loss = None

        def on_step(step: int, loss: float) -> None:
            progress.update(bar, completed=step, losses=_losses(loss, validation_loss))

        def on_record(record: EvaluationRecord) -> None:
            nonlocal validation_loss
            validation_loss = record.validation_loss
            progress.update(bar, losses=_losses(record.loss, validation_loss))

        def on_stage(text: str) -> None:
            progress.update(bar, description=text.split()[0])

        yield Observer(on_stage, on_step, on_record)
