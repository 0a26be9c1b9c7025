"""What was found wrong with a network, why it is believed, and what usually helps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from elman.diagnostics.remedies import Traits, remedies

PAGE = "docs/diagnostics.md"


@dataclass(frozen=True)
class Finding:
    """One thing that keeps a network from learning.

    Args:
        kind: A short slug such as "vanishing_gradient".
        severity: "error" where training cannot go on, "warning" where it will not learn what it should,
            "note" where it may take long.
        message: One sentence: what was measured, and where.
        layer: The path to the layer; empty where it is not about one.
        evidence: The numbers that it rests on, by name.
        remedies: What usually helps a cell of this kind, what helps most often first.
        page: Where to read more.
    """

    kind: str
    severity: Literal["note", "warning", "error"]
    message: str
    layer: str
    evidence: Mapping[str, float]
    remedies: tuple[str, ...]
    page: str


def make_finding(
    kind: str, layer: str, message: str, traits: Traits | None = None, **evidence: float
) -> Finding:
    """Return a finding of a known kind.

    Args:
        kind: One of `REMEDIES`.
        layer: The path to the layer.
        message: What was measured.
        traits: Of the layer's cell, where it is about one.
        **evidence: The numbers that it rests on.
    """
    severity = SEVERITIES.get(kind, "warning")
    page = f"{PAGE}#{kind.replace('_', '-')}"
    return Finding(kind, severity, message, layer, evidence, remedies(kind, traits or Traits()), page)


SEVERITIES: dict[str, Literal["note", "warning", "error"]] = {"non_finite": "error", "short_memory": "note"}
