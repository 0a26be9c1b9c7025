"""How far back, and in how much memory, the gradient of one loss a sequence is got."""

from __future__ import annotations

import re

from elman.cells.options import brief
from elman.errors import OptionError
from elman.training.through_time.sizes import parse_bytes

_FORM = re.compile(r"bptt|tbptt:([1-9][0-9]*)")


def parse_reach(text: object, task: str, why: str) -> int | None:
    """Return how many steps of the past the gradient of one loss reaches back; None for all.

    Args:
        text: "bptt", or "tbptt:24" for 24 steps.
        task: what is learned, for the message, such as "a forecast".
        why: why there is no other way.

    Raises:
        OptionError: it is neither.

    Example:
        >>> why = "a window has one loss"
        >>> parse_reach("bptt", "a forecast", why), parse_reach("tbptt:24", "a forecast", why)
        (None, 24)
    """
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise OptionError(
            f"`through_time` of {task} must be bptt or tbptt:STEPS, since {why}; but it is {brief(text)}."
        )
    return int(found[1]) if found[1] else None


def parse_memory(value: object) -> int | None:
    """Return the bytes that the gradient may take; None for as many as are needed.

    Args:
        value: such as "64MB", or None.

    Raises:
        OptionError: it is no size.
    """
    return None if value is None else parse_bytes("memory", value)  # pyright: ignore[reportArgumentType]
