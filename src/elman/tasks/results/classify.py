"""Plain result objects of a classifier: what an evaluation found, ready to print, save or draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from elman.data.findings import Finding
from elman.tasks.results.forecast import FlowPoint
from elman.tasks.results.scores import ScoreTable
from elman.training.records import EvaluationRecord


@dataclass(frozen=True)
class ReliabilityPoint:
    """How often sequences of like confidence were given the right class.

    Args:
        confidence: mean probability of the class that was given.
        accuracy: share of right ones.
        count: sequences.
    """

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class Influence:
    """What moved the class that was given: mean size of the gradient of its log-probability.

    Args:
        channels: C names.
        by_time: (C, B): of each channel, in B equal stretches of every sequence, per standard deviation of
            the channel.
    """

    channels: Sequence[str]
    by_time: Sequence[Sequence[float]]


@dataclass(frozen=True)
class ClassificationReport:
    """Everything the report of a classifier shows.

    Args:
        title: of the page.
        classes: K names.
        confusion: (K, K) of the first score table's part: sequences of each class (row) that were given
            each class (column).
        predictions: one row per sequence of that part: `id`, `length`, `label`, `predicted`, and one
            column "p(class)" per class.
        scores: score tables, test part first.
        reliability: of that part.
        influence: of that part.
        curve: the learning curve.
        flow: how far back gradients reached while the network was trained.
        findings: what was odd in the data.
        configuration: everything needed to repeat the run.
        facts: name -> what a person may want to know of the fit: sizes of the parts, the blend, the kernel.
        seconds: wall time of the fit.
        num_parameters: trainable parameters of the network.
    """

    title: str
    classes: Sequence[str]
    confusion: Sequence[Sequence[int]]
    predictions: pl.DataFrame
    scores: Sequence[ScoreTable]
    reliability: Sequence[ReliabilityPoint]
    influence: Influence
    curve: Sequence[EvaluationRecord]
    findings: Sequence[Finding]
    configuration: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    num_parameters: int = 0
    flow: Sequence[FlowPoint] = ()
