"""What was found odd in a table: said once, kept with the run, shown in the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One observation about the data that a person should know of.

    Args:
        kind: a short slug such as "gap", "missing", "unordered", "constant", "time_zone".
        message: one sentence: what was found, where, and what elman did about it.
        severity: "note" (handled, harmless) or "warning" (may cost accuracy).
        column: the column concerned, if one is.
        series: the series concerned, if one is.
        examples: up to five values or time stamps, as text.
    """

    kind: str
    message: str
    severity: Literal["note", "warning"] = "note"
    column: str | None = None
    series: str | None = None
    examples: Sequence[str] = ()
