"""How far back, and in how much memory, the gradient of a window is got."""

from __future__ import annotations

from elman.tasks import through_time
from elman.tasks.through_time import parse_memory

__all__ = ["parse_memory", "parse_reach"]


def parse_reach(text: object) -> int | None:
    """Return how many steps of the past a gradient reaches back; None for all.

    A window has one loss, on what comes after it. So it is learned from once: exactly, or with the gradient
    cut `tbptt:STEPS` before the end of the context, which still reads all of it.

    Args:
        text: "bptt", or "tbptt:24" for 24 steps.

    Raises:
        OptionError: it is neither.

    Example:
        >>> parse_reach("bptt"), parse_reach("tbptt:24")
        (None, 24)
    """
    why = "a window has one loss, on what comes after it, and no update on the way"
    return through_time.parse_reach(text, "a forecast", why)
