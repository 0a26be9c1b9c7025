"""What a training does when a number is no longer finite."""

from __future__ import annotations

from dataclasses import dataclass

from elman.cells.options import brief, check_choice
from elman.errors import OptionError


@dataclass(frozen=True)
class Recovery:
    """What a training does when a loss, a gradient or a weight is NaN or infinite.

    Neither way lets such a number into the weights or into a checkpoint.

    Args:
        action: "halve" goes back to the weights of the last evaluation and tries the same steps at half the
            learning rate, which stays halved: what diverged is to converge. "skip" does not move the weights
            at that step and takes the next batch: a few bad batches are to cost nothing.
        limit: times in a row, without an evaluation in between, before training gives up; 0 gives up at once.

    Raises:
        OptionError: an option is not a legal one.

    Example:
        >>> Recovery("skip", limit=10)
        Recovery(action='skip', limit=10)
    """

    action: str = "halve"
    limit: int = 3

    def __post_init__(self) -> None:
        """Refuse values no training can use."""
        check_choice("action", self.action, ("halve", "skip"))
        if isinstance(self.limit, bool) or not isinstance(self.limit, int) or self.limit < 0:
            raise OptionError(f"`limit` must be a whole number, 0 or more, but it is {brief(self.limit)}.")


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
