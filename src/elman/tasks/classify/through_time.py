"""How far back the gradient of a sequence's class is got."""

from __future__ import annotations

from elman.errors import OptionError
from elman.tasks import through_time


def parse_reach(text: object, *, bidirectional: bool, pooling: str) -> int | None:
    """Return how many steps before its end the gradient of a sequence reaches back; None for all.

    A sequence has one class. So it is learned from once: exactly, or with the gradient cut `tbptt:STEPS`
    before its end, where all of it is still read. That is for a network that reads forward and is asked at
    the last step; where it is asked at all steps, a cut would leave the earlier answers out.

    Args:
        text: "bptt", or "tbptt:24" for 24 steps.
        bidirectional: whether the network reads from both ends.
        pooling: what becomes of its outputs.

    Raises:
        OptionError: it is neither, or the network has nowhere to cut.

    Example:
        >>> parse_reach("tbptt:24", bidirectional=False, pooling="last")
        24
    """
    why = "a sequence has one loss, on its class, and no update on the way"
    reach = through_time.parse_reach(text, "a classifier", why)
    if reach is None or (not bidirectional and pooling == "last"):
        return reach
    reason = "reads from both ends" if bidirectional else f"is asked at all steps (pooling={pooling!r})"
    raise OptionError(
        f"`through_time` cuts the gradient {reach:,} steps before the end of a sequence, but this network "
        f'{reason}; take bidirectional=False and pooling="last" (--unidirectional --pooling last), or bptt.'
    )
