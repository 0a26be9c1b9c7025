"""A whole experiment: every network at every length, once for each seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from platform import machine, processor

import torch

from elman import __version__
from elman.experiments.results import ExperimentReport, Trial
from elman.experiments.settings import ExperimentSettings
from elman.experiments.trial import run_trial


def run_experiment(
    settings: ExperimentSettings, observe: Callable[[Trial], object] | None = None
) -> ExperimentReport:
    """Run an experiment.

    The same settings and number of threads give the same scores, unless a budget in seconds ends a trial.

    Args:
        settings: What is run, and for how long.
        observe: Called with every trial when it has ended.

    Example:
        >>> report = run_experiment(
        ...     ExperimentSettings("adding", lengths=(8,), cells=("gru",), seeds=(0,), max_sequences=64)
        ... )
        >>> [(trial.network, trial.is_solved) for trial in report.trials]
        [('dense', False), ('convolution', False), ('gru', False)]
    """
    trials = []
    for trial in run_trials(settings):
        trials.append(trial)
        if observe:
            observe(trial)
    return report_trials(settings, trials)


def report_trials(settings: ExperimentSettings, trials: Sequence[Trial]) -> ExperimentReport:
    """Return the report of some trials of an experiment.

    Args:
        settings: Of the experiment.
        trials: Those that have ended.
    """
    problems = settings.problems()
    first, values = problems[0], {**asdict(settings), **asdict(settings.recipe)}
    return ExperimentReport(
        settings.name,
        first.title,
        (type(first).__doc__ or "").splitlines()[0],
        first.length_name,
        first.measure.name,
        first.measure.lower_is_better,
        first.chance,
        {problem.length: problem.bar for problem in problems},
        settings.window,
        tuple(trials),
        {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()},
        {
            "processor": processor() or machine(),
            "threads": settings.threads,
            "torch": torch.__version__,
            "elman": __version__,
        },
    )


def run_trials(settings: ExperimentSettings) -> Iterator[Trial]:
    """Run the trials of an experiment one after the other; yield each when it has ended.

    Args:
        settings: What is run, and for how long.
    """
    for problem in settings.problems():
        for network, through_time in settings.networks():
            for seed in settings.seeds:
                with _threads(settings.threads):
                    trial = run_trial(problem, network, through_time, seed, settings)
                yield trial


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
