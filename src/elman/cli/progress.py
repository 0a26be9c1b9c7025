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
    """Yield an observer that shows how a fit goes.

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
        f"step {record.step}/{num_steps}  loss {record.loss:.4f}  validation {record.validation_loss:.4f}{best}  "
        f"{record.seconds:.0f} s, at most {left:.0f} s left"
    )


@contextmanager
def _bar(num_steps: int) -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from elman.tasks import Observer

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("reading the table", total=num_steps, figures="")

        def on_record(record: EvaluationRecord) -> None:
            figures = f"loss {record.loss:.4f}  validation {record.validation_loss:.4f}"
            progress.update(bar, completed=record.step, figures=figures)

        yield Observer(
            on_stage=lambda text: progress.update(bar, description=text),
            on_step=lambda step, loss: progress.update(bar, completed=step),
            on_record=on_record,
        )
