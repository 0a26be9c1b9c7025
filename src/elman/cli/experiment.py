"""`elman experiment`: the classic problems, for any cells and gradient methods."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.errors import OptionError

if TYPE_CHECKING:
    from elman.experiments import ExperimentReport, ExperimentSettings, Trial
    from elman.training.run import RunDirectory

_NAMES = (
    "delayed-recall, adding, copy-memory, temporal-order, parity, binary-addition, embedded-reber, anbn or "
    "anbncn."
)
_BUDGETS = ("sequences", "updates", "seconds")
_METHODS = "bptt, tbptt:50, tbptt:10:50, per-step or rtrl; repeatable."
Texts = list[str] | None
Numbers = list[int] | None


def _option(metavar: str, text: str) -> Any:
    return typer.Option(metavar=metavar, help=text, show_default=False)


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_NAMES, show_default=False)],
    cell: Annotated[
        Texts,
        _option("NAME", "As `elman cells` lists them, lstm:forget_bias=2, or FILE.py:CLASS; repeatable."),
    ] = None,
    through_time: Annotated[Texts, _option("METHOD", f"{_METHODS} Default: bptt.")] = None,
    length: Annotated[Numbers, _option("STEPS", "Of the problem; repeatable.")] = None,
    seed: Annotated[Numbers, _option("NUMBER", "One trial each; repeatable. Default: 0 1 2.")] = None,
    window: Annotated[int | None, _option("STEPS", "That networks without memory see. Default: 10.")] = None,
    memoryless: Annotated[bool, typer.Option(help="Run networks without memory beside.")] = True,
    hidden_size: Annotated[int | None, _option("UNITS", "Of every network.")] = None,
    batch_size: Annotated[int | None, _option("SEQUENCES", "Of an update.")] = None,
    learning_rate: Annotated[float | None, _option("RATE", "Of Adam.")] = None,
    max_sequences: Annotated[int | None, _option("NUMBER", "To learn from in a trial, at most.")] = None,
    max_updates: Annotated[int | None, _option("NUMBER", "Of weights in a trial, at most.")] = None,
    max_seconds: Annotated[float | None, _option("SECONDS", "Of a trial, at most.")] = None,
    evaluate_every: Annotated[int | None, _option("SEQUENCES", "Between evaluations.")] = None,
    threads: Annotated[int | None, _option("NUMBER", "For tensor operations. Default: 1.")] = None,
    out: Annotated[Path | None, _option("FOLDER", "Gets results.json, report.html and figure.svg.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the experiment in --out.")] = False,
) -> None:
    """Run a classic experiment: which cells solve it, at which length, after how many sequences.

    [bold]Example[/bold]: elman experiment adding --length 200 --cell lstm --cell elman --out runs/adding
    """
    given = {key: value for key, value in locals().items() if value is not None}
    out, overwrite = given.pop("out", None), given.pop("overwrite")
    from elman.experiments import ExperimentSettings

    plural = {"cell": "cells", "length": "lengths", "seed": "seeds"}
    values: dict[str, Any] = {
        plural.get(key, key): tuple(value) if isinstance(value, list) else value
        for key, value in given.items()
    }
    settings = ExperimentSettings(**values)
    with _folder(settings, out, overwrite=overwrite) as directory:
        report, is_whole = _run(settings)
        _print_report(report)
        if directory:
            _write(report, directory)
    if not is_whole:
        print("elman: stopped; the trials that had ended are told above.", file=sys.stderr)
        raise typer.Exit(130)


def _run(settings: ExperimentSettings) -> tuple[ExperimentReport, bool]:
    """Return what came out, and whether all of it was run; after Ctrl-C, of the trials that had ended."""
    from elman.experiments import report_trials, run_trials

    trials: list[Trial] = []
    try:
        for trial in run_trials(settings):
            _print_trial(trial)
            trials.append(trial)
    except KeyboardInterrupt:
        if not trials:
            raise
        return report_trials(settings, trials), False
    return report_trials(settings, trials), True


@contextmanager
def _folder(
    settings: ExperimentSettings, out: Path | None, *, overwrite: bool
) -> Iterator[RunDirectory | None]:
    """Make the folder of the experiment before it runs, if there is to be one."""
    if out is None:
        yield None
        return
    from elman.experiments.saved import FILES, holds_experiment, save_settings
    from elman.training.run import RunDirectory

    directory = RunDirectory(out)
    if holds_experiment(directory) and not overwrite:
        raise OptionError(f"{out} already holds an experiment: replace it with --overwrite.")
    if directory.holds_run and not holds_experiment(directory):
        raise OptionError(f"{out} holds a run that is no experiment: choose another folder for --out.")
    with directory.opened("overwrite" if overwrite else "new", FILES):
        save_settings(settings, directory)
        yield directory


def _print_trial(trial: Trial) -> None:
    """Print on stderr what has just ended, so that a person sees it go on."""
    reason = f"out of {trial.stopped_by}" if trial.stopped_by in _BUDGETS else trial.stopped_by
    found = "solved" if trial.is_solved else f"not solved ({reason})"
    print(
        f"length {trial.length}, {trial.name}, seed {trial.seed}: {found}, score {trial.score:.4g}, "
        f"{trial.num_sequences:,} sequences, {trial.seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )


def _print_report(report: ExperimentReport) -> None:
    from elman.report.experiment import verdicts
    from elman.report.tables.experiment import HEADER, summary_cells

    rows = [list(HEADER), *map(summary_cells, report.summaries())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"{report.title}: {report.score_name}, by {report.length_name}")
    for first, *rest in rows:
        aligned = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *aligned]).rstrip())
    print(*verdicts(report), sep="\n")


def _write(report: ExperimentReport, directory: RunDirectory) -> None:
    from elman.experiments.saved import FIGURE, save_report
    from elman.report import write_report
    from elman.report.svg import experiment_svg
    from elman.training.files import write_bytes
    from elman.training.run import REPORT

    save_report(report, directory)
    write_bytes(directory / FIGURE, experiment_svg(report).encode())
    print(f"report: {write_report(report, directory / REPORT)}")
