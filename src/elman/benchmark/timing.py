"""Several tasks timed in turn, so that whatever else the machine does slows all of them.

A short task runs several times in its turn, as a training loop runs its step again and again: at its first
run the caches hold what the other task has left there.
"""

import gc
import itertools
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

TURN = 0.02  # seconds that a task runs at a time, at least


@dataclass(frozen=True)
class Timing:
    """The seconds of each task in each round.

    Args:
        seconds: As many numbers for each task as there were rounds.
    """

    seconds: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        """Return the median of a task's seconds.

        Args:
            name: The task.
        """
        return median(self.seconds[name])

    def ratio(self, first: str, second: str) -> float:
        """Return the median over the rounds of one task's time by the other's.

        Both were measured one after the other, so a slow moment is in both and leaves their ratio alone.

        Args:
            first: The task above the line.
            second: The task below it.
        """
        return median(a / b for a, b in zip(self.seconds[first], self.seconds[second], strict=True))


def time_in_turn(tasks: Mapping[str, Callable[[], object]], seconds: float, repeats: int) -> Timing:
    """Run all tasks in rounds, each round in another order: what a task leaves behind slows no one alone.

    Args:
        tasks: What to time. Each runs once before, to be warm.
        seconds: For all rounds together.
        repeats: Number of rounds, at least.
    """
    for task in tasks.values():
        task()
    measured: dict[str, list[float]] = {name: [] for name in tasks}
    orders = itertools.cycle(itertools.permutations(tasks))
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()  # the collector strikes where it likes
    try:
        begin = time.perf_counter()
        rounds = 0
        while rounds < repeats or time.perf_counter() - begin < seconds:
            for name in next(orders):
                measured[name].append(_time(tasks[name]))
            rounds += 1
    finally:
        if was_enabled:
            gc.enable()
    return Timing(measured)


def _time(task: Callable[[], object]) -> float:
    """Return the seconds of one run, of as many as a turn takes."""
    begin = time.perf_counter()
    for runs in itertools.count(1):
        task()
        passed = time.perf_counter() - begin
        if passed >= TURN:
            return passed / runs
    raise AssertionError


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean of positive numbers: of ratios, the one in which each counts alike.

    Args:
        values: One or more.

    Example:
        >>> round(geometric_mean([0.5, 8]), 9)
        2.0
    """
    logarithms = [math.log(value) for value in values]
    return math.exp(math.fsum(logarithms) / len(logarithms))
