"""What a training does where a number is no longer finite; every training loop goes by it."""

from __future__ import annotations

import logging
from math import isfinite

from torch import nn

from elman.errors import NonFiniteError
from elman.training.records import RecoveryRecord, TrainingResult
from elman.training.steady.non_finite import find_parameter

_log = logging.getLogger("elman.training")


class Diverged(Exception):  # noqa: N818 - never leaves the loop
    """A number is not finite; caught by the loop.

    Args:
        step: where.
        cause: what, in a sentence.
        can_skip: whether it came with a batch whose step was not done yet.
    """

    def __init__(self, step: int, cause: str, *, can_skip: bool) -> None:
        super().__init__(cause)
        self.step, self.cause, self.can_skip = step, cause, can_skip


def require_finite_move(model: nn.Module, loss: float, norm: float, step: int, batch: str) -> None:
    """Refuse to move the weights along a gradient that is not finite.

    Args:
        model: holds the gradients.
        loss: of the batch.
        norm: of the whole gradient.
        step: of the optimizer.
        batch: what it was, to be told.

    Raises:
        Diverged: the loss or the norm is NaN or infinite.
    """
    for what, value in {"loss": loss, "gradient's norm": norm}.items():
        if not isfinite(value):
            culprit = find_parameter(model)
            named = f": {culprit}" if culprit else ""
            raise Diverged(step, f"The {what} became {value} at step {step}, {batch}{named}.", can_skip=True)


class Recovery:
    """Decides what follows on a number that is not finite, and gives up when that was tried too often.

    Args:
        kind: "halve" or "skip".
        max_times: since the last evaluation.
    """

    def __init__(self, kind: str, max_times: int) -> None:
        self.skips, self.max_times = kind == "skip", max_times
        self.num_times = 0
        """Since the last evaluation, which sets it to zero."""

    def decide(self, failure: Diverged, result: TrainingResult, factor: float) -> float:
        """Write down what is done now, and say so.

        Args:
            failure: what happened.
            result: of the training so far; what is done is added.
            factor: what the learning rate is multiplied by.

        Returns:
            The factor from now on; of a step that is left out, the same.

        Raises:
            NonFiniteError: there is nothing left to try.
        """
        if self.num_times >= self.max_times or (self.skips and not failure.can_skip):
            tried = self._tried(failure, factor)
            raise NonFiniteError(f"{failure.cause} {tried}{_kept(result)}.") from None
        self.num_times += 1
        back, factor = (failure.step - 1, factor) if self.skips else (result.num_steps, factor / 2)
        result.recoveries.append(RecoveryRecord(failure.step, failure.cause, back, factor))
        done = (
            "The step is left out" if self.skips else f"Going back to step {back} at {factor:g} of the rate"
        )
        _log.warning("%s %s.", failure.cause, done)
        return factor

    def _tried(self, failure: Diverged, factor: float) -> str:
        if not self.num_times:
            return "The weights of that step were not moved; " if failure.can_skip else "Nothing was saved; "
        times = "once" if self.num_times == 1 else f"{self.num_times} times"
        if self.skips:
            return f"Since the last evaluation a step was left out {times}; "
        return f"Going back {times}, at last to {factor:g} of the learning rate, did not help; "


def _kept(result: TrainingResult) -> str:
    best = result.best
    which = f"the best weights so far, of step {best.step}," if best else "the first weights"
    return f"{which} are kept"
