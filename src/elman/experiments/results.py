"""What an experiment found, as plain data; importing it loads no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import median
from typing import Any


@dataclass(frozen=True)
class TrialRecord:
    """One evaluation on the way.

    Args:
        num_sequences: Learned from until then.
        seconds: Since the trial began, evaluations left out.
        loss: Mean of the training loss since the record before.
        score: On the validation sequences.
    """

    num_sequences: int
    seconds: float
    loss: float
    score: float


Gains = Sequence[float | None]


@dataclass(frozen=True)
class GradientGain:
    """What is left of a small push to the state some steps later: the size of ds_T/ds_{T-lag}.

    Args:
        lags: In steps, ascending from 0.
        fresh: The gain at each lag before learning, 1 at lag 0; None where it is no finite number.
        trained: The same after learning.
    """

    lags: Sequence[int]
    fresh: Gains
    trained: Gains

    def reach(self, gains: Gains, share: float = 0.01) -> float:
        """Return the first lag with a gain below a share; infinity where there is none.

        Args:
            gains: `fresh` or `trained`.
            share: Of the gain at lag 0.

        Example:
            >>> GradientGain((0, 1, 2), (1.0, 0.1, 0.001), (1.0, 0.9, 0.8)).reach((1.0, 0.1, 0.001))
            2.0
        """
        below = (lag for lag, one in zip(self.lags, gains, strict=True) if one is not None and one < share)
        return float(next(below, math.inf))


@dataclass(frozen=True)
class Trial:
    """One network, trained once.

    Args:
        network: Its name, with its options.
        through_time: Its gradient method.
        length: Of the problem.
        seed: Of weights and sequences.
        num_parameters: Numbers that training changes.
        is_solved: Whether the test score reaches the bar.
        score: On the test sequences.
        stopped_by: "success", "sequences", "updates", "seconds" or "not finite".
        num_updates: Steps of the optimizer.
        records: The evaluations on the way.
        gain: How far gradients reach; None for a network without memory, and in results of earlier versions.
    """

    network: str
    through_time: str
    length: int
    seed: int
    num_parameters: int
    is_solved: bool
    score: float
    stopped_by: str
    num_updates: int
    records: Sequence[TrialRecord]
    gain: GradientGain | None = None

    @property
    def name(self) -> str:
        """Network, and gradient method where that is not plain backpropagation through time."""
        return self.network if self.through_time == "bptt" else f"{self.network}, {self.through_time}"

    @property
    def num_sequences(self) -> int:
        """Sequences learned from."""
        return self.records[-1].num_sequences if self.records else 0

    @property
    def seconds(self) -> float:
        """Time of learning."""
        return self.records[-1].seconds if self.records else 0.0


@dataclass(frozen=True)
class Summary:
    """One network at one length, over its seeds.

    Args:
        name: Of network and gradient method.
        length: Of the problem.
        num_parameters: Numbers that training changes.
        scores: One a seed.
        num_solved: Of those.
        num_sequences: The median of those that solved it; None where none did.
        seconds: The median of all.
    """

    name: str
    length: int
    num_parameters: int
    scores: Sequence[float]
    num_solved: int
    num_sequences: float | None
    seconds: float

    @property
    def score(self) -> float:
        """The median score; one that is not a number is the worst, as only errors are."""
        return median(math.inf if math.isnan(one) else one for one in self.scores)


@dataclass(frozen=True)
class ExperimentReport:
    """A whole experiment.

    Args:
        name: As on the command line.
        title: In words.
        about: What the problem is, in a sentence.
        length_name: What `length` of a trial is.
        score_name: What `score` is.
        lower_is_better: Of scores.
        chance: The score of the best network that remembers nothing.
        bars: Length -> the score that solves it.
        window: Time steps that the networks without memory see.
        trials: In the order of running.
        configuration: Every setting.
        machine: Versions, and number of threads.
    """

    name: str
    title: str
    about: str
    length_name: str
    score_name: str
    lower_is_better: bool
    chance: float
    bars: Mapping[int, float]
    window: int
    trials: Sequence[Trial]
    configuration: Mapping[str, Any]
    machine: Mapping[str, Any]

    def summaries(self) -> Iterator[Summary]:
        """Yield every network at every length, over its seeds, lengths ascending."""
        order = list(dict.fromkeys(trial.name for trial in self.trials))

        def key(trial: Trial) -> tuple[int, int]:
            return trial.length, order.index(trial.name)

        for _, group in groupby(sorted(self.trials, key=key), key=key):
            yield _summarise(list(group))

    def as_data(self) -> dict[str, Any]:
        """Return everything as JSON takes it, with null for what is no finite number."""
        return _without_non_finite(asdict(self))


def read_report(data: Mapping[str, Any]) -> ExperimentReport:
    """Return the report that `as_data` has written.

    Args:
        data: As read from JSON.
    """
    trials = tuple(map(_read_trial, data["trials"]))
    bars = {int(length): bar for length, bar in data["bars"].items()}
    return ExperimentReport(**{**data, "trials": trials, "bars": bars})


def _without_non_finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _without_non_finite(one) for name, one in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(map(_without_non_finite, data))
    return None if isinstance(data, float) and not math.isfinite(data) else data


def _read_trial(data: Mapping[str, Any]) -> Trial:
    records = tuple(TrialRecord(**_with_nan(one, "loss", "score")) for one in data["records"])
    found = data.get("gain")
    gain = found and GradientGain(**{name: tuple(values) for name, values in found.items()})
    return Trial(**{**_with_nan(data, "score"), "records": records, "gain": gain})


def _with_nan(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**data, **{name: math.nan for name in names if data[name] is None}}


def _summarise(trials: Sequence[Trial]) -> Summary:
    solved = [trial.num_sequences for trial in trials if trial.is_solved]
    return Summary(
        trials[0].name,
        trials[0].length,
        trials[0].num_parameters,
        [trial.score for trial in trials],
        len(solved),
        median(solved) if solved else None,
        median(trial.seconds for trial in trials),
    )
