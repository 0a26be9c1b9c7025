"""How far back the gradient of a segment of text reaches, as it is said for all tasks."""

from __future__ import annotations

import re

from elman.cells.options import brief
from elman.errors import OptionError

_FORM = re.compile(r"tbptt:([1-9][0-9]*)")


def parse_segment(text: object) -> int:
    """Return the steps of a segment.

    Args:
        text: "tbptt:64" for 64 steps.

    Raises:
        OptionError: it is no truncation.

    Example:
        >>> parse_segment("tbptt:64")
        64
    """
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise OptionError(
            "`through_time` of a text must be tbptt:STEPS, since a text is one stream: bptt would move the "
            "weights once a pass, and the sliding forms would read each symbol many times; but it is "
            f"{brief(text)}."
        )
    return int(found[1])
