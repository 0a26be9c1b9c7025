"""What the loop is told when a number is no longer finite."""

from __future__ import annotations


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
