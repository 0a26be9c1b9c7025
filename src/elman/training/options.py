"""How weights are found: the options of a training, and its learning rate at each step."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, inf, nextafter, pi

from elman.cells.options import check_choice
from elman.errors import OptionError
from elman.training.keywords import with_named_keywords

RECOVERIES = ("halve", "skip")
_MAX_SEED = 2**32 - 1


@with_named_keywords
@dataclass(frozen=True)
class TrainingOptions:
    """How weights are found.

    Args:
        num_steps: optimizer steps at most.
        evaluate_every: steps between two looks at the validation part; each ends with a checkpoint.
        learning_rate: its peak; it rises over the first `warmup` share of the steps and falls along a
            cosine that would be zero one step after the last.
        warmup: share of `num_steps`, in [0, 1).
        weight_decay: AdamW's.
        clip_norm: largest norm of the whole gradient; infinity for any.
        averaging: decay of the running mean of the weights that is validated and kept, in [0, 1);
            0 keeps the weights themselves.
        patience: evaluations in a row without a better validation loss before training stops early.
        seed: of everything random, 0 to 4,294,967,295.
        recovery: what is done where a loss, a gradient or a weight is NaN or infinite; neither way lets it
            into the weights or into a checkpoint. "halve" goes back to the weights of the last evaluation and
            tries the same steps at half the learning rate, which stays halved: what diverged is to converge.
            "skip" does not move the weights at that step and takes the next batch: a few bad batches are to
            cost nothing.
        max_recoveries: times in a row, without an evaluation in between, before training gives up; 0 gives up
            at once.

    Raises:
        OptionError: an option is out of its range.

    Example:
        >>> options = TrainingOptions(num_steps=100, learning_rate=1.0, warmup=0.2)
        >>> [round(options.learning_rate_at(step), 3) for step in (1, 20, 60, 100)]
        [0.05, 1.0, 0.51, 0.0]
    """

    num_steps: int = 800
    evaluate_every: int = 50
    learning_rate: float = 2e-3
    warmup: float = 0.2
    weight_decay: float = 1e-2
    clip_norm: float = 1.0
    averaging: float = 0.99
    patience: int = 10
    seed: int = 0
    recovery: str = "halve"
    max_recoveries: int = 3

    def __post_init__(self) -> None:
        """Refuse values no training can use."""
        for name in ("num_steps", "evaluate_every", "patience"):
            self._require_whole(name, 1, inf, "1 or more")
        self._require_whole("seed", 0, _MAX_SEED, f"in [0, {_MAX_SEED}]")
        self._require_whole("max_recoveries", 0, inf, "0 or more")
        check_choice("recovery", self.recovery, RECOVERIES)
        below_one, largest = nextafter(1, 0), nextafter(inf, 0)
        for name in ("warmup", "averaging"):
            self._require(name, 0, below_one, "a number in [0, 1)")
        self._require("learning_rate", nextafter(0, 1), largest, "a finite number above 0")
        self._require("weight_decay", 0, largest, "a finite number, 0 or more")
        self._require("clip_norm", nextafter(0, 1), inf, "a number above 0")

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of step 1, 2, ..., `num_steps`."""
        rise = self.warmup * self.num_steps
        if step <= rise:
            return self.learning_rate * step / rise
        return self.learning_rate * (1 + cos(pi * (step - rise) / (self.num_steps - rise + 1))) / 2

    def _require_whole(self, name: str, low: float, high: float, range_: str) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise OptionError(f"`{name}` must be a whole number {range_}, but it is {value!r}.")
        self._require(name, low, high, f"a whole number {range_}")

    def _require(self, name: str, low: float, high: float, range_: str) -> None:
        value = getattr(self, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and low <= value <= high):
            raise OptionError(f"`{name}` must be {range_}, but it is {value!r}.")
