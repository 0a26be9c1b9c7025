"""Scores of a network beside its baselines', as plain objects. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ScoreRow:
    """The scores of one model on one set of forecasts, sequences or steps.

    Args:
        model: name shown to people, for instance "elman (LSTM + ridge)" or "seasonal naive".
        metrics: metric name -> value, in the order they are to be shown; `None` where a metric
            does not exist for this model (a point forecast has no coverage).
        is_baseline: True for everything but the network being judged.
    """

    model: str
    metrics: Mapping[str, float | None]
    is_baseline: bool


@dataclass(frozen=True)
class ScoreTable:
    """A network's scores beside its baselines', on the same data.

    Args:
        part: "validation" or "test".
        rows: one per model, the network first.
        num_origins: forecasts, sequences or steps that were scored.
        verdict: sentences that say in words who wins.
        model: what a row of the table is.
        scored: what was scored, one of it.
    """

    part: str
    rows: Sequence[ScoreRow]
    num_origins: int
    verdict: Sequence[str]
    model: str = "forecaster"
    scored: str = "forecast"
