"""How far back, and in how much memory, the gradient of a window is got."""

from __future__ import annotations

import re

from elman.cells.options import brief
from elman.errors import OptionError
from elman.training.through_time.sizes import parse_bytes

_FORM = re.compile(r"bptt|tbptt:([1-9][0-9]*)")


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
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise OptionError(
            "`through_time` of a forecast must be bptt or tbptt:STEPS, since a window has one loss, on what "
            f"comes after it, and no update on the way; but it is {brief(text)}."
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
